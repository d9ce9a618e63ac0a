import { contradictionIn, neverAskedToCapture } from './contradiction.js';
import { formatMoney, type Money } from './money.js';
import { OrderNotCancellable, OrderTransitionIllegal, PaymentMismatch } from './order.errors.js';

/** The command whose outcome an order waits for. */
export type SagaStep = 'authorize' | 'capture' | 'void' | 'refund';

export interface OrderLine {
  readonly productId: string;
  readonly name: string;
  readonly quantity: number;
  readonly unitPriceMinor: number;
}

/** An order with its saga: customers see `status`; `step` is the command whose outcome the saga waits for, if any. */
export interface Order {
  readonly id: string;
  readonly customerId: string;
  readonly paymentId: string;
  readonly status: 'PENDING_PAYMENT' | 'AUTHORIZED' | 'CONFIRMED' | 'REJECTED' | 'CANCELLING' | 'CANCELLED';
  readonly step: SagaStep | null;
  /** True while the order's quantities are taken from the stock. Becomes false once, when they are released. */
  readonly stockHeld: boolean;
  /**
   * Why the order is rejected or cancelled, and how late money was returned, in our own words: it travels in messages.
   * Customers read it. Null while all is well.
   */
  readonly reason: string | null;
  /** Version of the newest payment event applied; 0 before the first. */
  readonly paymentVersion: number;
  readonly currency: string;
  readonly totalMinor: number;
  readonly lines: readonly OrderLine[];
  readonly version: number;
}

/** An outcome that the payment service reports. `version` counts the changes of the payment. */
export type PaymentOutcome = { readonly paymentId: string; readonly version: number } & (
  | ({ readonly kind: 'authorized' } & Money)
  | ({ readonly kind: 'captured' } & Money)
  | { readonly kind: 'declined'; readonly reason: string }
  | { readonly kind: 'captureFailed'; readonly reason: string }
  | { readonly kind: 'voided'; readonly reason: string }
  | ({ readonly kind: 'refunded'; readonly refundId: string } & Money)
);

const change = (order: Order, changes: Partial<Order>): Order => ({ ...order, ...changes, version: order.version + 1 });
const addReason = (order: Order, more: string): string => (order.reason ? `${order.reason}; ${more}` : more);
const isOver = ({ status }: Order): boolean => status === 'REJECTED' || status === 'CANCELLED';
const isPayable = ({ status }: Order): boolean => status === 'PENDING_PAYMENT' || status === 'AUTHORIZED';

/**
 * Applies an outcome that the payment service reports. The saga as a table, status down, outcome across
 * (`=` unchanged, `!` illegal):
 *
 * |                   | authorized | captured  | declined  | captureFailed | voided     | refunded   |
 * |-------------------|------------|-----------|-----------|---------------|------------|------------|
 * | PENDING_PAYMENT   | AUTHORIZED | !         | REJECTED  | !             | CANCELLED  | !          |
 * | AUTHORIZED        | =          | CONFIRMED | !         | CANCELLING    | CANCELLED  | !          |
 * | CONFIRMED         | =          | =         | !         | !             | !          | !          |
 * | CANCELLING void   | =          | = (1)     | ! (2)     | = (1)         | CANCELLED  | CANCELLED  |
 * | CANCELLING refund | =          | =         | !         | !             | !          | CANCELLED  |
 * | over, none open   | ask void   | ask refund| =         | =             | =          | =          |
 * | over, void open   | =          | =         | settled   | =             | settled    | settled    |
 * | over, refund open | =          | =         | !         | !             | !          | settled    |
 *
 * (1) `!` before the first outcome, because the order has not asked for a capture. (2) CANCELLED before the first
 * outcome; after it, the payment had been authorized and cannot be declined. "Over" is REJECTED or CANCELLED: money
 * that arrives later is returned, and `reason` says so. A REJECTED order never asked for a capture, so captured and
 * captureFailed are `!`. A captured payment under an open void needs no second command: the payment service answers the
 * void by refunding it.
 *
 * Idempotent: an outcome that was applied before, or is older than the newest one applied, returns the same object.
 * @throws PaymentMismatch, OrderTransitionIllegal when the outcome contradicts the order; an operator has to compare
 *   the two.
 */
export function applyOutcome(order: Order, outcome: PaymentOutcome): Order {
  const contradiction = contradictionIn(order, outcome);
  if (contradiction !== undefined) throw new PaymentMismatch(order.id, outcome.paymentId, outcome.kind, contradiction);
  if (isKnown(order, outcome)) return order;
  const next = transition(order, outcome);
  return next === order ? order : { ...next, paymentVersion: outcome.version };
}

/**
 * True for an outcome older than the newest one applied, and, once the order is over and waits for nothing, for one of
 * the same version: the payment has not changed, so this is the reply to a repeated command (even "captured" after a
 * refund), not late money.
 */
function isKnown(order: Order, { version }: PaymentOutcome): boolean {
  return version < order.paymentVersion || (version === order.paymentVersion && isOver(order) && order.step === null);
}

function transition(order: Order, outcome: PaymentOutcome): Order {
  const answersCapture = outcome.kind === 'captured' || outcome.kind === 'captureFailed';
  if (answersCapture && neverAskedToCapture(order))
    throw new OrderTransitionIllegal(order.id, order.status, outcome.kind);
  switch (outcome.kind) {
    case 'authorized':
      return authorized(order);
    case 'captured':
      return captured(order);
    case 'declined':
      return declined(order, outcome.reason);
    case 'captureFailed':
      return captureFailed(order, outcome.reason);
    case 'voided':
      return voided(order, outcome.reason);
    case 'refunded':
      return refunded(order, outcome.refundId, outcome.amountMinor);
  }
}

function authorized(order: Order): Order {
  if (order.status === 'PENDING_PAYMENT') return change(order, { status: 'AUTHORIZED', step: 'capture' });
  if (!isOver(order) || order.step !== null) return order;
  return change(order, {
    step: 'void',
    reason: addReason(order, 'the card was authorized after that; releasing the authorization'),
  });
}

function captured(order: Order): Order {
  if (order.status === 'AUTHORIZED') return change(order, { status: 'CONFIRMED', step: null });
  if (!isOver(order) || order.step !== null) return order;
  return change(order, { step: 'refund', reason: addReason(order, 'the card was charged after that; refunding it') });
}

function declined(order: Order, reason: string): Order {
  const why = `payment declined: ${reason}`;
  if (order.status === 'PENDING_PAYMENT') {
    return change(order, { status: 'REJECTED', step: null, stockHeld: false, reason: why });
  }
  const wasAuthorized = !isOver(order) && order.paymentVersion > 0;
  if (order.step === 'void' && !wasAuthorized) return compensated(order, why);
  if (isOver(order) && order.step === null) return order;
  throw new OrderTransitionIllegal(order.id, order.status, 'declined');
}

function captureFailed(order: Order, reason: string): Order {
  if (order.status === 'AUTHORIZED') {
    return change(order, { status: 'CANCELLING', step: 'void', reason: `the card could not be charged: ${reason}` });
  }
  if (order.step === 'void' || (isOver(order) && order.step === null)) return order;
  throw new OrderTransitionIllegal(order.id, order.status, 'captureFailed');
}

function voided(order: Order, reason: string): Order {
  if (order.step === 'void') return compensated(order);
  if (isPayable(order)) return compensated(order, `the authorization was released: ${reason}`);
  if (isOver(order) && order.step === null) return order;
  throw new OrderTransitionIllegal(order.id, order.status, 'voided');
}

function refunded(order: Order, refundId: string, amountMinor: number): Order {
  if (order.step === 'void' || order.step === 'refund') {
    return compensated(
      order,
      `refunded ${formatMoney({ amountMinor, currency: order.currency })} (refund ${refundId})`,
    );
  }
  if (isOver(order)) return order;
  throw new OrderTransitionIllegal(order.id, order.status, 'refunded');
}

/** All of the customer's money is free again: a cancellation ends here, and so does the return of late money. */
function compensated(order: Order, note?: string): Order {
  const status = isOver(order) ? order.status : 'CANCELLED';
  return change(order, { status, step: null, stockHeld: false, reason: note ? addReason(order, note) : order.reason });
}

/**
 * Cancels the order: it is CANCELLED once the authorization is released or the money refunded.
 * Idempotent: an order that is CANCELLING or CANCELLED is returned unchanged.
 * @throws OrderNotCancellable for a REJECTED order, which has nothing left to cancel.
 */
export function cancel(order: Order, by: 'customer' | 'support'): Order {
  const reason = by === 'customer' ? 'cancelled by the customer' : 'cancelled by support';
  if (order.status === 'CANCELLING' || order.status === 'CANCELLED') return order;
  if (isPayable(order)) return change(order, { status: 'CANCELLING', step: 'void', reason });
  if (order.status === 'CONFIRMED') return change(order, { status: 'CANCELLING', step: 'refund', reason });
  throw new OrderNotCancellable(order.id, order.status);
}

/**
 * Gives up an order whose payment did not complete within the limit, by asking for a void. That is safe whatever became
 * of the payment: the payment service resolves an unclear one before it answers. Idempotent: an order that no longer
 * waits for its payment is returned unchanged.
 */
export function giveUp(order: Order): Order {
  if (!isPayable(order)) return order;
  return change(order, { status: 'CANCELLING', step: 'void', reason: 'the payment did not complete in time' });
}
