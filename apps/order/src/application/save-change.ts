import {
  authorizePayment,
  capturePayment,
  orderCancelled,
  orderConfirmed,
  orderRejected,
  refundPayment,
  voidPayment,
} from '@causeway/contracts';
import { refundIdOf } from '../domain/contradiction.js';
import { consequencesOf } from '../domain/saga.js';
import type { Order, SagaStep } from '../domain/order.js';
import type { OrderTransaction } from './ports.js';

/** Saves a change with everything that follows from it: the stock, the timer, the next command, the event. */
export async function saveChange(tx: OrderTransaction, before: Order, after: Order, now: Date): Promise<void> {
  const { command, event, releaseStock } = consequencesOf(before, after);
  await tx.orders.save(after);
  if (releaseStock) await tx.orders.releaseStock(after);
  await tx.orders.schedule(after);
  if (command) await sendCommand(tx, after, command);
  if (event) await publish(tx, after, event, now);
}

/** Sends the command of a step, the first time or again: the same ids, so that the payment service recognises a repetition. */
export async function sendCommand(tx: OrderTransaction, order: Order, step: SagaStep): Promise<void> {
  const target = { paymentId: order.paymentId, orderId: order.id };
  const reason = order.reason ?? '';
  switch (step) {
    case 'authorize': {
      const { customerId, totalMinor: amountMinor, currency } = order;
      const paymentMethodToken = await tx.orders.paymentMethodToken(order.id);
      await tx.outbox.add(authorizePayment, order.paymentId, {
        ...target,
        customerId,
        amountMinor,
        currency,
        paymentMethodToken,
      });
      return;
    }
    case 'capture':
      await tx.outbox.add(capturePayment, order.paymentId, target);
      return;
    case 'void':
      await tx.outbox.add(voidPayment, order.paymentId, { ...target, reason });
      return;
    case 'refund': {
      const refundId = refundIdOf(order);
      await tx.outbox.add(refundPayment, order.paymentId, {
        ...target,
        refundId,
        amountMinor: order.totalMinor,
        reason,
      });
    }
  }
}

async function publish(
  tx: OrderTransaction,
  order: Order,
  event: 'confirmed' | 'rejected' | 'cancelled',
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
