import { orderCancelled, orderConfirmed, orderRejected } from '@causeway/contracts';
import type { Order } from '../domain/order.js';
import { consequencesOf, type Consequences } from '../domain/saga.js';
import { sendCommand } from './payment-commands.js';
import type { ChangeCause, OrderTransaction } from './ports.js';

/** An order before and after a transition, and what made it change. */
export interface CausedChange {
  readonly before: Order;
  readonly after: Order;
  readonly cause: ChangeCause;
}

const events = { confirmed: orderConfirmed, rejected: orderRejected, cancelled: orderCancelled };

/** Saves a change with everything that follows from it: history, stock, timer, next command, event. */
export async function saveChange(
  tx: OrderTransaction,
  { before, after, cause }: CausedChange,
  now: Date,
): Promise<void> {
  const { command, event, releaseStock } = consequencesOf(before, after);
  // Started together, so that they travel together; the database runs them in this order.
  await Promise.all([
    tx.orders.save(after, { from: before.status, event: event && events[event].subject, cause }),
    ...(releaseStock ? [tx.orders.releaseStock(after)] : []),
    tx.orders.schedule(after),
    ...(command ? [sendCommand(tx, after, command)] : []),
    ...(event ? [publish(tx, after, event, now)] : []),
  ]);
}

async function publish(
  tx: OrderTransaction,
  order: Order,
  event: NonNullable<Consequences['event']>,
  now: Date,
): Promise<void> {
  const fact = {
    orderId: order.id,
    customerId: order.customerId,
    version: order.version,
    occurredAt: now.toISOString(),
  };
  if (event === 'confirmed') await tx.outbox.add(events[event], order.id, fact);
  else await tx.outbox.add(events[event], order.id, { ...fact, reason: order.reason ?? '' });
}
