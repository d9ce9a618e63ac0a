import { PaymentTransitionIllegal } from './payment.errors.js';
import type { PaymentChange, PaymentFact, ProviderOutcome, Payment, PaymentStatus, Refund } from './payment.js';
import { advance, changed, declinedFact, refundedFact, unchanged, voidedFact } from './progress.js';

const voidedByProvider = 'the payment provider voided the payment';

/** No attempt got a clear answer: the payment is UNKNOWN until the provider's own record says what happened. */
export function markUnclear(payment: Payment, now: Date): PaymentChange {
  if (payment.inFlight === null || payment.status === 'UNKNOWN') return unchanged(payment);
  return { payment: changed(payment, { status: 'UNKNOWN' }, now), facts: [] };
}

/**
 * Applies the outcome of the operation in flight, however it was learned. Settling twice changes nothing.
 * A void that waited for this outcome starts in the same change.
 */
export function settleOperation(payment: Payment, outcome: ProviderOutcome, now: Date): PaymentChange {
  switch (payment.inFlight) {
    case null:
      return unchanged(payment);
    case 'AUTHORIZE':
      return advance(settleAuthorize(payment, outcome, now), now);
    case 'CAPTURE':
      return advance(settleCapture(payment, outcome, now), now);
    case 'VOID':
      return advance(settleVoid(payment, outcome, now), now);
    case 'REFUND':
      return advance(settleRefund(payment, outcome, now), now);
  }
}

const finish = (payment: Payment, patch: Partial<Payment>, now: Date): Payment =>
  changed(payment, { inFlight: null, ...patch }, now);

function settleAuthorize(payment: Payment, outcome: ProviderOutcome, now: Date): PaymentChange {
  switch (outcome.kind) {
    case 'declined':
    case 'refused': {
      const chargeId = outcome.kind === 'declined' ? outcome.chargeId : null;
      const declined = finish(payment, { status: 'DECLINED', chargeId, declineReason: outcome.reason }, now);
      // The sender of the void waits for `voided`.
      const voided = payment.voidReason === null ? [] : [voidedFact(declined)];
      return { payment: declined, facts: [declinedFact(declined), ...voided] };
    }
    case 'voided': {
      const voided = finish(payment, { status: 'VOIDED' }, now);
      return { payment: voided, facts: [voidedFact(voided)] };
    }
    case 'authorized': {
      const authorized = finish(payment, { status: 'AUTHORIZED', chargeId: outcome.chargeId }, now);
      // While a void waits, `authorized` would only make the order send the void again.
      return { payment: authorized, facts: payment.voidReason === null ? [{ kind: 'authorized' }] : [] };
    }
    default:
      throw new PaymentTransitionIllegal(payment.id, outcome.kind, payment.status);
  }
}

function settleCapture(payment: Payment, outcome: ProviderOutcome, now: Date): PaymentChange {
  const wanted = payment.voidReason === null;
  switch (outcome.kind) {
    case 'captured': {
      const captured = finish(payment, { status: 'CAPTURED', capturedMinor: outcome.capturedMinor }, now);
      return { payment: captured, facts: wanted ? [{ kind: 'captured' }] : [] };
    }
    case 'voided': {
      const voided = finish(payment, { status: 'VOIDED', captureFailure: voidedByProvider }, now);
      const failed: PaymentFact = { kind: 'capture-failed', reason: voidedByProvider };
      return { payment: voided, facts: wanted ? [failed, voidedFact(voided)] : [voidedFact(voided)] };
    }
    case 'refused': {
      const failed = finish(payment, { status: 'AUTHORIZED', captureFailure: outcome.reason }, now);
      return { payment: failed, facts: wanted ? [{ kind: 'capture-failed', reason: outcome.reason }] : [] };
    }
    default:
      throw new PaymentTransitionIllegal(payment.id, outcome.kind, payment.status);
  }
}

function settleVoid(payment: Payment, outcome: ProviderOutcome, now: Date): PaymentChange {
  switch (outcome.kind) {
    case 'voided': {
      const voided = finish(payment, { status: 'VOIDED' }, now);
      return { payment: voided, facts: [voidedFact(voided)] };
    }
    // Captured without us: the void still stands, so `advance` refunds the money.
    case 'captured':
      return { payment: finish(payment, { status: 'CAPTURED', capturedMinor: outcome.capturedMinor }, now), facts: [] };
    // Drops the void, which `advance` would repeat forever. The order sends it again.
    case 'refused':
      return { payment: finish(payment, { status: 'AUTHORIZED', voidReason: null }, now), facts: [] };
    default:
      throw new PaymentTransitionIllegal(payment.id, outcome.kind, payment.status);
  }
}

function settleRefund(payment: Payment, outcome: ProviderOutcome, now: Date): PaymentChange {
  const current = payment.refunds.find(({ status }) => status === 'PENDING');
  if (!current || (outcome.kind !== 'refunded' && outcome.kind !== 'refused')) {
    throw new PaymentTransitionIllegal(payment.id, outcome.kind, payment.status);
  }
  const done = outcome.kind === 'refunded';
  const ended: Refund = { ...current, status: done ? 'REFUNDED' : 'FAILED' };
  const refundedMinor = payment.refundedMinor + (done ? current.amountMinor : 0);
  const refunds = payment.refunds.map((other) => (other.id === ended.id ? ended : other));
  const settled = finish(
    payment,
    { status: refundStatus(payment.capturedMinor, refundedMinor), refundedMinor, refunds },
    now,
  );
  return { payment: settled, facts: done ? [refundedFact(ended)] : [] };
}

const refundStatus = (capturedMinor: number, refundedMinor: number): PaymentStatus => {
  if (refundedMinor === 0) return 'CAPTURED';
  return refundedMinor < capturedMinor ? 'PARTIALLY_REFUNDED' : 'REFUNDED';
};
