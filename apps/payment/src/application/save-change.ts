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
  readonly paymentMethodToken?: string;
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
  if (options.before && payment !== options.before) await tx.payments.save(payment);
  if (withdraw) await tx.operations.withdraw(payment.id);
  if (intent) await tx.operations.add(payment.id, intent, options.paymentMethodToken);
  for (const fact of facts) await publish(tx, payment, fact, options.now);
}

async function publish({ outbox }: PaymentTransaction, payment: Payment, fact: PaymentFact, now: Date): Promise<void> {
  const { id, orderId, version } = payment;
  const base = { paymentId: id, orderId, version, occurredAt: now.toISOString() };
  const money = { amountMinor: payment.terms?.amountMinor ?? 0, currency: payment.terms?.currency ?? 'XXX' };
  switch (fact.kind) {
    case 'authorized':
      return void (await outbox.add(paymentAuthorized, id, { ...base, ...money }));
    case 'declined':
      return void (await outbox.add(paymentDeclined, id, { ...base, reason: fact.reason }));
    case 'captured':
      return void (await outbox.add(paymentCaptured, id, { ...base, ...money, amountMinor: payment.capturedMinor }));
    case 'capture-failed':
      return void (await outbox.add(paymentCaptureFailed, id, { ...base, reason: fact.reason }));
    case 'voided':
      return void (await outbox.add(paymentVoided, id, { ...base, reason: fact.reason }));
    case 'refunded': {
      const { refundId, amountMinor, reason } = fact;
      return void (await outbox.add(paymentRefunded, id, { ...base, ...money, refundId, amountMinor, reason }));
    }
  }
}
