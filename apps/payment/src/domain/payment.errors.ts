import { CodedError } from '@causeway/errors';
import type { PaymentStatus } from './payment.js';

/** The payment is in a state that will never allow this: whoever sent the command has made a mistake. */
export class PaymentTransitionIllegal extends CodedError {
  readonly code = 'PAYMENT_TRANSITION_ILLEGAL';
  readonly remedy = 'Read the payment: its status says what can still be done with it.';

  constructor(paymentId: string, wanted: string, status: PaymentStatus) {
    super(`payment ${paymentId} is ${status}; it cannot be ${wanted}`);
  }
}

/** The payment is on its way to a state that may allow this: the same command can succeed a little later. */
export class PaymentBusy extends CodedError {
  readonly code = 'PAYMENT_TRANSITION_ILLEGAL';
  readonly remedy = 'Send the command again once the provider has answered the operation before it.';
  override readonly retryable = true;

  constructor(paymentId: string, wanted: string, status: PaymentStatus) {
    super(`payment ${paymentId} is still ${status}; it cannot be ${wanted} yet`);
  }
}

/** The same payment id came with other terms: two different payments must not share an id. */
export class PaymentTermsDiffer extends CodedError {
  readonly code = 'PAYMENT_TRANSITION_ILLEGAL';
  readonly remedy = 'Use a new payment id for another customer, amount or currency.';

  constructor(paymentId: string) {
    super(`payment ${paymentId} exists with another order, customer, amount or currency`);
  }
}

/** The same refund id came with another amount: two different refunds must not share an id. */
export class RefundTermsDiffer extends CodedError {
  readonly code = 'PAYMENT_TRANSITION_ILLEGAL';
  readonly remedy = 'Use a new refund id for another amount.';

  constructor(paymentId: string, refundId: string) {
    super(`payment ${paymentId} has the refund ${refundId} with another amount`);
  }
}

/** More would be given back than was taken. */
export class RefundTooLarge extends CodedError {
  readonly code = 'PAYMENT_TRANSITION_ILLEGAL';
  readonly remedy = 'Refund at most what was captured, minus the refunds before.';

  constructor(paymentId: string, askedMinor: number, leftMinor: number) {
    super(`payment ${paymentId} has ${leftMinor} minor units left to refund, ${askedMinor} were asked for`);
  }
}

/** A command names a payment that was never authorised here. */
export class PaymentUnknown extends CodedError {
  readonly code = 'PAYMENT_UNKNOWN';
  readonly remedy = 'Authorise the payment first; check the payment id of the command.';

  constructor(paymentId: string) {
    super(`payment ${paymentId} does not exist`);
  }
}
