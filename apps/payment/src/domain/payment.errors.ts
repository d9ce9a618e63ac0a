import { CodedError } from '@causeway/errors';
import type { PaymentStatus } from './payment.js';

/** The payment will never allow this: the sender of the command has made a mistake. */
export class PaymentTransitionIllegal extends CodedError {
  readonly code = 'PAYMENT_TRANSITION_ILLEGAL';
  readonly remedy = 'Read the payment: its status shows what is still possible.';

  constructor(paymentId: string, wanted: string, status: PaymentStatus) {
    super(`payment ${paymentId} is ${status} and cannot be ${wanted}`);
  }
}

/** An operation is in flight that may allow this: the same command can succeed a moment later. */
export class PaymentBusy extends CodedError {
  readonly code = 'PAYMENT_TRANSITION_ILLEGAL';
  readonly remedy = 'Send the command again after the operation in flight has ended.';
  override readonly retryable = true;

  constructor(paymentId: string, wanted: string, status: PaymentStatus) {
    super(`payment ${paymentId} is still ${status} and cannot be ${wanted} yet`);
  }
}

/** The payment id was used before with other terms. */
export class PaymentTermsDiffer extends CodedError {
  readonly code = 'PAYMENT_TRANSITION_ILLEGAL';
  readonly remedy = 'Use a new payment id for another customer, amount or currency.';

  constructor(paymentId: string) {
    super(`payment ${paymentId} exists with another order, customer, amount or currency`);
  }
}

/** The refund id was used before with another amount. */
export class RefundTermsDiffer extends CodedError {
  readonly code = 'PAYMENT_TRANSITION_ILLEGAL';
  readonly remedy = 'Use a new refund id for another amount.';

  constructor(paymentId: string, refundId: string) {
    super(`payment ${paymentId} has a refund ${refundId} with another amount`);
  }
}

/** The refund exceeds what is left of the captured amount. */
export class RefundTooLarge extends CodedError {
  readonly code = 'PAYMENT_TRANSITION_ILLEGAL';
  readonly remedy = 'Refund at most the captured amount minus earlier refunds.';

  constructor(paymentId: string, askedMinor: number, leftMinor: number) {
    super(`payment ${paymentId} has ${leftMinor} minor units left to refund; the command asks for ${askedMinor}`);
  }
}

/** The command names a payment that does not exist. */
export class PaymentUnknown extends CodedError {
  readonly code = 'PAYMENT_UNKNOWN';
  readonly remedy = 'Check the payment id; authorize the payment first.';

  constructor(paymentId: string) {
    super(`payment ${paymentId} does not exist`);
  }
}
