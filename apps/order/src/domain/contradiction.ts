import { v5 as uuidv5 } from 'uuid';
import type { Order, PaymentOutcome } from './order.js';

/** Namespace of the refund ids below: random, never to be changed. */
const refundNamespace = 'b2d1c4a6-5d0e-4f6c-9f0a-7c1f5f0d9a31';

/** One refund an order, however often it is asked for: the id follows from the payment, so a repetition can't give money back twice. */
export const refundIdOf = (order: Pick<Order, 'paymentId'>): string => uuidv5(order.paymentId, refundNamespace);

/**
 * What an outcome says that cannot be true of the payment that the order asked for, in whatever state the order is: another payment, another
 * amount or currency, a refund that nobody asked for or of more than the total.
 * @returns For people; undefined when nothing contradicts. It does not mean that the outcome is true: see docs/decisions/0018.
 */
export function contradictionIn(order: Order, outcome: PaymentOutcome): string | undefined {
  if (outcome.paymentId !== order.paymentId) return `the order has payment ${order.paymentId}`;
  switch (outcome.kind) {
    case 'authorized':
    case 'captured':
      if (outcome.currency !== order.currency) return `the currency is ${outcome.currency}, not ${order.currency}`;
      if (outcome.amountMinor !== order.totalMinor)
        return `the amount is ${outcome.amountMinor}, not ${order.totalMinor}`;
      return undefined;
    case 'refunded':
      if (outcome.currency !== order.currency) return `the currency is ${outcome.currency}, not ${order.currency}`;
      if (outcome.amountMinor < 1 || outcome.amountMinor > order.totalMinor)
        return `the refund is ${outcome.amountMinor} of ${order.totalMinor}`;
      // The payment service gives what it refunds in answer to a void the id of the payment.
      if (outcome.refundId !== refundIdOf(order) && outcome.refundId !== order.paymentId)
        return `the order did not ask for refund ${outcome.refundId}`;
      return undefined;
    case 'declined':
    case 'captureFailed':
    case 'voided':
      return undefined;
  }
}

/**
 * Whether the order cannot have asked for a capture yet. It asks in the very transaction that applies `authorized`, and payments are
 * captured only when asked: so no order of messages brings the answer to a capture to such an order.
 */
export const neverAskedToCapture = ({ status, paymentVersion }: Order): boolean =>
  // A rejected order was declined while it waited for the authorisation.
  status === 'PENDING_PAYMENT' || status === 'REJECTED' || paymentVersion === 0;
