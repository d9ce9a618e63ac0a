import {
  paymentAuthorized,
  paymentCaptured,
  paymentCaptureFailed,
  paymentDeclined,
  paymentRefunded,
  paymentVoided,
} from '@causeway/contracts';
import type { PaymentChange, PaymentFact, Payment } from '../domain/payment.js';
import type { PaymentTransaction } from './ports.js';

export interface SaveChangeOptions {
  /** The payment before the change; undefined when it was just inserted. An unchanged payment is not written. */
  readonly before: Payment | undefined;
  readonly now: Date;
  readonly sealedCardToken?: string;
}

/**
 * Saves a change with everything that follows from it, in the caller's transaction: the payment, the operation, the
 * events.
 */
export async function saveChange(
  tx: PaymentTransaction,
  change: PaymentChange,
  options: SaveChangeOptions,
): Promise<void> {
  const { payment, facts, intent, withdraw } = change;
  const { before, now, sealedCardToken } = options;
  // Started together, so that they travel together; the database runs them in this order.
  await Promise.all([
    ...(before && payment !== before ? [tx.payments.save(payment, before)] : []),
    ...(withdraw ? [tx.operations.withdraw(payment.id)] : []),
    ...(intent ? [tx.operations.add(payment.id, intent, sealedCardToken)] : []),
    ...facts.map((fact) => publish(tx, payment, fact, now)),
  ]);
}

async function publish({ outbox }: PaymentTransaction, payment: Payment, fact: PaymentFact, now: Date): Promise<void> {
  const { id, orderId, version } = payment;
  const base = { paymentId: id, orderId, version, occurredAt: now.toISOString() };
  switch (fact.kind) {
    case 'authorized':
      return void (await outbox.add(paymentAuthorized, id, { ...base, ...moneyOf(payment) }));
    case 'declined':
      return void (await outbox.add(paymentDeclined, id, { ...base, reason: fact.reason }));
    case 'captured':
      return void (await outbox.add(paymentCaptured, id, {
        ...base,
        ...moneyOf(payment),
        amountMinor: payment.capturedMinor,
      }));
    case 'capture-failed':
      return void (await outbox.add(paymentCaptureFailed, id, { ...base, reason: fact.reason }));
    case 'voided':
      return void (await outbox.add(paymentVoided, id, { ...base, reason: fact.reason }));
    case 'refunded': {
      const { refundId, amountMinor, reason } = fact;
      return void (await outbox.add(paymentRefunded, id, {
        ...base,
        ...moneyOf(payment),
        refundId,
        amountMinor,
        reason,
      }));
    }
  }
}

/** Only a void marker has no terms, and nothing of it is ever authorized, captured or refunded. */
function moneyOf({ id, terms }: Payment): { amountMinor: number; currency: string } {
  if (!terms) throw new Error(`payment ${id} has no terms, so it cannot have moved money`);
  return { amountMinor: terms.amountMinor, currency: terms.currency };
}
