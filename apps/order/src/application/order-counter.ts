import { instruments, meter } from '@causeway/telemetry';
import type { Order, PaymentOutcome } from '../domain/order.js';

const metrics = meter('causeway.order');
const orders = metrics.counter(instruments.orders, {
  description: 'Orders that reached a state, by what brought them there',
  unit: '{order}',
});
const confirmation = metrics.wait(instruments.orderConfirmation, 'Time from placing an order to its confirmation');

/** What brings an order to a state: placing it, an outcome of its payment, its customer, or the end of its time. */
type OrderCause = 'placed' | PaymentOutcome['kind'] | 'customer' | 'support' | 'payment_limit';

/**
 * Counts an order that has reached another state. Called after the commit: work inside a transaction may run several
 * times, or not count at all.
 * @param reached Undefined when the status did not change.
 */
export function countOrder(orderId: string, reached: Order['status'] | undefined, cause: OrderCause): void {
  if (!reached) return;
  orders.add(1, { state: reached, outcome: cause === 'captureFailed' ? 'capture_failed' : cause });
  if (reached === 'CONFIRMED') confirmation.record(Math.max(0, Date.now() - placedAtMs(orderId)) / 1_000);
}

/** @returns The status of `after`, if `before` had another. */
export const reachedBy = (before: Order, after: Order): Order['status'] | undefined =>
  after.status === before.status ? undefined : after.status;

/** The id of an order is a UUIDv7, whose first 48 bits are the time at which it was made. */
const placedAtMs = (orderId: string): number => Number.parseInt(orderId.replace('-', '').slice(0, 12), 16);
