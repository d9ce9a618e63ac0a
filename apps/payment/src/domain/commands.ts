import {
  PaymentBusy,
  PaymentTermsDiffer,
  PaymentTransitionIllegal,
  RefundTermsDiffer,
  RefundTooLarge,
} from './payment.errors.js';
import type { PaymentChange, Payment, Refund, Terms } from './payment.js';
import {
  advance,
  changed,
  declinedFact,
  refundableMinor,
  refundedFact,
  refundedFacts,
  start,
  unchanged,
  voidedFact,
  voidRefundId,
} from './progress.js';

export interface NewPayment {
  readonly id: string;
  readonly orderId: string;
  readonly now: Date;
}

const blank = ({ id, orderId, now }: NewPayment) => ({
  id,
  orderId,
  inFlight: null,
  chargeId: null,
  capturedMinor: 0,
  refundedMinor: 0,
  declineReason: null,
  captureFailure: null,
  voidReason: null,
  refunds: [],
  version: 1,
  createdAt: now,
  updatedAt: now,
});

/** The first authorize command of a payment. */
export function authorize(request: NewPayment & { readonly terms: Terms }): PaymentChange {
  const payment: Payment = { ...blank(request), terms: request.terms, status: 'AUTHORIZING', inFlight: 'AUTHORIZE' };
  return { payment, facts: [], intent: { kind: 'AUTHORIZE', amountMinor: request.terms.amountMinor } };
}

/** A void that arrived before its authorize command leaves a void marker: the card is never charged. */
export function voidBeforeAuthorization(request: NewPayment & { readonly reason: string }): PaymentChange {
  const payment: Payment = { ...blank(request), terms: null, status: 'VOIDED', voidReason: request.reason };
  return { payment, facts: [voidedFact(payment)] };
}

/**
 * The authorize command arrived again, or after a void. Never calls the provider a second time.
 * @throws PaymentTermsDiffer when the payment exists with other terms.
 */
export function authorizeAgain(payment: Payment, orderId: string, terms: Terms, now: Date): PaymentChange {
  ofOrder(payment, orderId);
  if (payment.terms === null) {
    const named = changed(payment, { terms }, now);
    return { payment: named, facts: [voidedFact(named)] };
  }
  const { customerId, amountMinor, currency } = payment.terms;
  if (customerId !== terms.customerId || amountMinor !== terms.amountMinor || currency !== terms.currency) {
    throw new PaymentTermsDiffer(payment.id);
  }
  switch (payment.status) {
    case 'AUTHORIZING':
    case 'VOIDING':
      return unchanged(payment);
    case 'UNKNOWN':
      return payment.inFlight === 'CAPTURE' || payment.inFlight === 'REFUND'
        ? unchanged(payment, { kind: 'authorized' })
        : unchanged(payment);
    case 'DECLINED':
      return unchanged(payment, declinedFact(payment));
    case 'VOIDED':
      return unchanged(payment, voidedFact(payment));
    case 'REFUNDED':
      return unchanged(payment, ...refundedFacts(payment));
    default:
      return unchanged(payment, { kind: 'authorized' });
  }
}

/** @throws PaymentTermsDiffer when the payment belongs to another order than the command says. */
export function ofOrder(payment: Payment, orderId: string): Payment {
  if (payment.orderId !== orderId) throw new PaymentTermsDiffer(payment.id);
  return payment;
}

/** @throws PaymentBusy while the authorization has no outcome; the same command can succeed later. */
export function capture(payment: Payment, now: Date): PaymentChange {
  switch (payment.status) {
    case 'AUTHORIZED':
      if (payment.captureFailure !== null)
        return unchanged(payment, { kind: 'capture-failed', reason: payment.captureFailure });
      return start(payment, 'CAPTURE', now);
    case 'CAPTURED':
    case 'PARTIALLY_REFUNDED':
    case 'REFUNDING':
      return unchanged(payment, { kind: 'captured' });
    case 'REFUNDED':
      return unchanged(payment, { kind: 'captured' }, ...refundedFacts(payment));
    case 'VOIDED':
      return unchanged(payment, {
        kind: 'capture-failed',
        reason: `the payment is voided: ${payment.voidReason ?? 'by the payment provider'}`,
      });
    case 'DECLINED':
      return unchanged(payment, {
        kind: 'capture-failed',
        reason: `the payment is declined: ${payment.declineReason ?? 'no reason given'}`,
      });
    case 'CAPTURING':
    case 'VOIDING':
      return unchanged(payment);
    case 'AUTHORIZING':
    case 'UNKNOWN':
      if (payment.inFlight === 'REFUND') return unchanged(payment, { kind: 'captured' });
      // A waiting void, or the capture or void in flight, will answer.
      if (payment.inFlight !== 'AUTHORIZE' || payment.voidReason !== null) return unchanged(payment);
      throw new PaymentBusy(payment.id, 'captured', payment.status);
  }
}

/**
 * Ends the payment without money taken, in any state: withdraws an authorization that was never sent, voids one that
 * exists, refunds a capture. While an operation is in flight or its outcome unclear, the void waits for that outcome:
 * voiding blindly could miss a charge that appears a second later.
 * @param sent Whether the operation in flight may have reached the provider.
 */
export function requestVoid(payment: Payment, reason: string, sent: boolean, now: Date): PaymentChange {
  switch (payment.status) {
    case 'VOIDED':
    case 'DECLINED':
      return unchanged(payment, voidedFact(payment));
    case 'REFUNDED':
      return unchanged(payment, ...refundedFacts(payment));
    case 'VOIDING':
      return unchanged(payment);
    case 'AUTHORIZED':
    case 'CAPTURED':
    case 'PARTIALLY_REFUNDED':
      return advance({ payment: retryVoidRefund({ ...payment, voidReason: reason }), facts: [] }, now);
    case 'AUTHORIZING':
      if (!sent) {
        const voided = changed(payment, { status: 'VOIDED', inFlight: null, voidReason: reason }, now);
        return { payment: voided, facts: [voidedFact(voided)], withdraw: true };
      }
      return deferVoid(payment, reason, now);
    case 'CAPTURING':
    case 'REFUNDING':
    case 'UNKNOWN':
      return deferVoid(payment, reason, now);
  }
}

const deferVoid = (payment: Payment, reason: string, now: Date): PaymentChange =>
  payment.voidReason === null
    ? { payment: changed(payment, { voidReason: reason }, now), facts: [] }
    : unchanged(payment);

/**
 * A repeated void drops a refund that the provider refused before; `advance` then creates a new one for what is left.
 */
const retryVoidRefund = (payment: Payment): Payment => ({
  ...payment,
  refunds: payment.refunds.filter(({ id, status }) => id !== voidRefundId(payment) || status !== 'FAILED'),
});

export interface RequestedRefund {
  readonly refundId: string;
  readonly amountMinor: number;
  readonly reason: string;
}

/**
 * Refunds captured money. Refunds are executed one after the other. The same `refundId` is refunded once, and tried
 * again if the provider refused it.
 * @throws PaymentTransitionIllegal when nothing was captured; RefundTooLarge; RefundTermsDiffer when the id was used
 * with another amount; PaymentBusy while the capture has no outcome.
 */
export function refund(payment: Payment, request: RequestedRefund, now: Date): PaymentChange {
  const before = payment.refunds.find(({ id }) => id === request.refundId);
  if (before && before.amountMinor !== request.amountMinor) throw new RefundTermsDiffer(payment.id, before.id);
  if (before?.status === 'REFUNDED') return unchanged(payment, refundedFact(before));
  if (before?.status === 'PENDING') return unchanged(payment);

  const capturing = payment.inFlight === 'CAPTURE' || payment.inFlight === 'AUTHORIZE';
  if (capturing) throw new PaymentBusy(payment.id, 'refunded', payment.status);
  if (payment.capturedMinor === 0) throw new PaymentTransitionIllegal(payment.id, 'refunded', payment.status);

  const left = refundableMinor(payment);
  // Everything is refunded or about to be, for example by a void: there is nothing left to do.
  if (left === 0) return unchanged(payment, ...refundedFacts(payment));
  const { amountMinor } = request;
  if (amountMinor > left) throw new RefundTooLarge(payment.id, amountMinor, left);

  const queuedRefund: Refund = {
    id: request.refundId,
    amountMinor,
    status: 'PENDING',
    reason: request.reason,
    createdAt: before?.createdAt ?? now,
  };
  const refunds = [...payment.refunds.filter(({ id }) => id !== queuedRefund.id), queuedRefund];
  const queued = { ...payment, refunds };
  return payment.inFlight === null
    ? advance({ payment: queued, facts: [] }, now)
    : { payment: changed(queued, {}, now), facts: [] };
}
