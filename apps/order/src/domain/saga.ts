import type { Order, SagaStep } from './order.js';

/** What follows from a change besides saving the order. Derived by comparison, so no transition can forget a part. */
export interface Consequences {
  /** The command to send to the payment service, if the order now waits for another step. */
  readonly command: SagaStep | null;
  /** The event to publish: the order reached this status, or late money of an order with this status was returned. */
  readonly event: 'confirmed' | 'rejected' | 'cancelled' | null;
  /** True when the stock has to be released, once in the life of an order. */
  readonly releaseStock: boolean;
}

/** @param before, after The same order before and after a transition. */
export function consequencesOf(before: Order, after: Order): Consequences {
  return {
    command: after.step !== before.step ? after.step : null,
    event: after.status !== before.status || returnedLateMoney(before, after) ? eventOf(after) : null,
    releaseStock: before.stockHeld && !after.stockHeld,
  };
}

const returnedLateMoney = (before: Order, after: Order): boolean => before.step !== null && after.step === null;

function eventOf({ status }: Order): Consequences['event'] {
  if (status === 'CONFIRMED') return 'confirmed';
  if (status === 'REJECTED') return 'rejected';
  return status === 'CANCELLED' ? 'cancelled' : null;
}
