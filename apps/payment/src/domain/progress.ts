import type { PaymentFact, Payment, PaymentChange, Refund, OperationKind, PaymentStatus } from './payment.js';

/** Shared by commands and settlement: how a payment moves on, and the facts that result. */

export const unchanged = (payment: Payment, ...facts: PaymentFact[]): PaymentChange => ({ payment, facts });

export const changed = (payment: Payment, patch: Partial<Payment>, now: Date): Payment => ({
  ...payment,
  ...patch,
  version: payment.version + 1,
  updatedAt: now,
});

/** A void of captured money becomes a refund under the payment's own id, so that a repeated void finds it. */
export const voidRefundId = (payment: Payment): string => payment.id;

/** Captured money that is neither refunded nor about to be, in minor units. */
export const refundableMinor = (payment: Payment): number =>
  payment.refunds
    .filter(({ status }) => status === 'PENDING')
    .reduce((left, { amountMinor }) => left - amountMinor, payment.capturedMinor - payment.refundedMinor);

const statusOf: Record<OperationKind, PaymentStatus> = {
  AUTHORIZE: 'AUTHORIZING',
  CAPTURE: 'CAPTURING',
  VOID: 'VOIDING',
  REFUND: 'REFUNDING',
};

export function start(
  payment: Payment,
  kind: OperationKind,
  now: Date,
  facts: readonly PaymentFact[] = [],
  of?: Refund,
): PaymentChange {
  return {
    payment: changed(payment, { status: statusOf[kind], inFlight: kind }, now),
    facts,
    intent: { kind, refundId: of?.id, amountMinor: of?.amountMinor ?? payment.terms?.amountMinor ?? 0 },
  };
}

/** Starts what has become possible: a void that waited, or the next refund. */
export function advance(change: PaymentChange, now: Date): PaymentChange {
  const { payment, facts } = change;
  if (payment.status === 'AUTHORIZED' && payment.voidReason !== null) return start(payment, 'VOID', now, facts);
  if (payment.status !== 'CAPTURED' && payment.status !== 'PARTIALLY_REFUNDED') return change;
  const refundable = withVoidRefund(payment, now);
  const next = refundable.refunds.find(({ status }) => status === 'PENDING');
  return next ? start(refundable, 'REFUND', now, facts, next) : change;
}

function withVoidRefund(payment: Payment, now: Date): Payment {
  const left = refundableMinor(payment);
  const exists = payment.refunds.some(({ id }) => id === voidRefundId(payment));
  if (payment.voidReason === null || left === 0 || exists) return payment;
  const all: Refund = {
    id: voidRefundId(payment),
    amountMinor: left,
    status: 'PENDING',
    reason: payment.voidReason,
    createdAt: now,
  };
  return { ...payment, refunds: [...payment.refunds, all] };
}

export const declinedFact = (payment: Payment): PaymentFact => ({
  kind: 'declined',
  reason: payment.declineReason ?? 'declined',
});

export const voidedFact = (payment: Payment): PaymentFact => ({
  kind: 'voided',
  reason: payment.voidReason ?? payment.declineReason ?? 'the payment provider voided the payment',
});

export const refundedFact = ({ id, amountMinor, reason }: Refund): PaymentFact => ({
  kind: 'refunded',
  refundId: id,
  amountMinor,
  reason,
});

export const refundedFacts = (payment: Payment): PaymentFact[] =>
  payment.refunds.filter(({ status }) => status === 'REFUNDED').map(refundedFact);
