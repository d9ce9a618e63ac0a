import { orderCancelled, orderConfirmed, orderRejected } from '@causeway/contracts';
import type { Order } from '../domain/order.js';
import { consequencesOf, type Consequences } from '../domain/saga.js';
import { sendCommand } from './payment-commands.js';
import type { OrderTransaction } from './ports.js';

/** Saves a change with everything that follows from it: stock, timer, next command, event. */
export async function saveChange(tx: OrderTransaction, before: Order, after: Order, now: Date): Promise<void> {
  const { command, event, releaseStock } = consequencesOf(before, after);
  // Started together, so that they travel together; the database runs them in this order.
  await Promise.all([
    tx.orders.save(after),
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
  if (event === 'confirmed') await tx.outbox.add(orderConfirmed, order.id, fact);
  else
    await tx.outbox.add(event === 'rejected' ? orderRejected : orderCancelled, order.id, {
      ...fact,
      reason: order.reason ?? '',
    });
}
