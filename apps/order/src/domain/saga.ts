import type { Order, SagaStep } from './order.js';

/** What follows from a change, beyond saving the order. Derived by comparison, so that no transition can forget a part of it. */
export interface Consequences {
  /** The command to send to the payment service, if the order now waits for another step. */
  readonly command: SagaStep | null;
  /** The event to publish: the order became this, or was settled again after late money was given back. */
  readonly event: 'confirmed' | 'rejected' | 'cancelled' | null;
  /** True when the stock has to be given back, which happens once in the life of an order. */
  readonly releaseStock: boolean;
}

/** @param before, after The same order before and after a transition. */
export function consequencesOf(before: Order, after: Order): Consequences {
  return {
    command: after.step !== before.step ? after.step : null,
    event: after.status !== before.status || settledLate(before, after) ? eventOf(after) : null,
    releaseStock: before.stockHeld && !after.stockHeld,
  };
}

const settledLate = (before: Order, after: Order): boolean => before.step !== null && after.step === null;

function eventOf({ status }: Order): Consequences['event'] {
  if (status === 'CONFIRMED') return 'confirmed';
  if (status === 'REJECTED') return 'rejected';
  return status === 'CANCELLED' ? 'cancelled' : null;
}
