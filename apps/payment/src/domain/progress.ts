import type { PaymentFact, Payment, PaymentChange, Refund, OperationKind, PaymentStatus } from './payment.js';

/** What the commands and the settlement of a step have in common: how a payment moves on, and what is told of it. */

export const unchanged = (payment: Payment, ...facts: PaymentFact[]): PaymentChange => ({ payment, facts });

export const changed = (payment: Payment, patch: Partial<Payment>, now: Date): Payment => ({
  ...payment,
  ...patch,
  version: payment.version + 1,
  updatedAt: now,
});

/** The refund that a void turns into carries the payment's own id: a repeated void finds it, and no id has to be made up here. */
export const voidRefundId = (payment: Payment): string => payment.id;

/** Captured, neither given back nor about to be. */
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

/** Starts what is wanted and has become possible: a void that waited, or the next refund. */
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
  reason: payment.voidReason ?? payment.declineReason ?? 'voided by the provider',
});

export const refundedFact = ({ id, amountMinor, reason }: Refund): PaymentFact => ({
  kind: 'refunded',
  refundId: id,
  amountMinor,
  reason,
});

export const refundedFacts = (payment: Payment): PaymentFact[] =>
  payment.refunds.filter(({ status }) => status === 'REFUNDED').map(refundedFact);
