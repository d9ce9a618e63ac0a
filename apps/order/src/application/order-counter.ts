import { instruments, meter } from '@causeway/telemetry';
import type { Order, PaymentOutcome } from '../domain/order.js';

const orders = meter('causeway.order').counter(instruments.orders, {
  description: 'Orders that reached a state, by what brought them there',
  unit: '{order}',
});

/** What brings an order to a state: placing it, an outcome of its payment, its customer, or the end of its time. */
type OrderCause = 'placed' | PaymentOutcome['kind'] | 'customer' | 'payment_limit';

/**
 * Counts an order that has reached another state. Called after the commit: work inside a transaction may run several
 * times, or not count at all.
 * @param reached Undefined when the status did not change.
 */
export function countOrder(reached: Order['status'] | undefined, cause: OrderCause): void {
  if (reached) orders.add(1, { state: reached, outcome: cause === 'captureFailed' ? 'capture_failed' : cause });
}

/** @returns The status of `after`, if `before` had another. */
export const reachedBy = (before: Order, after: Order): Order['status'] | undefined =>
  after.status === before.status ? undefined : after.status;
