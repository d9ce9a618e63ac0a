import { v5 as uuidv5 } from 'uuid';
import type { Order, PaymentOutcome } from './order.js';

/** Namespace of the refund ids below: random. It never changes, or repetitions would get new ids. */
const refundNamespace = 'b2d1c4a6-5d0e-4f6c-9f0a-7c1f5f0d9a31';

/** The id of an order's only refund. It follows from the payment, so a repeated command cannot refund twice. */
export const refundIdOf = (order: Pick<Order, 'paymentId'>): string => uuidv5(order.paymentId, refundNamespace);

/**
 * Returns how an outcome contradicts what the order asked for, in any state of the order: another payment,
 * another amount or currency, a refund that the order did not ask for or of more than the total.
 * @returns The contradiction, for operators; undefined when there is none, which does not prove the outcome
 *   (docs/decisions/0018).
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
      // A refund that the payment service makes in answer to a void has the id of the payment.
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
 * True when the order cannot have asked for a capture yet. It asks in the transaction that applies `authorized`, and
 * payments are captured only on request, so no reordering of messages can bring the outcome of a capture to such an
 * order.
 */
export const neverAskedToCapture = ({ status, paymentVersion }: Order): boolean =>
  // A rejected order was declined while it waited for the authorization.
  status === 'PENDING_PAYMENT' || status === 'REJECTED' || paymentVersion === 0;
