import { invalidState, SandboxError } from './errors.js';

export type ChargeStatus = 'authorized' | 'declined' | 'captured' | 'voided' | 'refunded' | 'partially_refunded';
export type LedgerEntryType = 'authorize' | 'decline' | 'capture' | 'void' | 'refund';

export interface Charge {
  readonly id: string;
  readonly reference: string;
  readonly status: ChargeStatus;
  readonly declineCode: string | null;
  readonly amountMinor: number;
  readonly capturedMinor: number;
  readonly refundedMinor: number;
  readonly currency: string;
}

/** A change of a charge, and the ledger entry that records it. */
export interface ChargeTransition {
  readonly charge: Charge;
  readonly entry: { readonly type: LedgerEntryType; readonly amountMinor: number };
}

/** How the provider fails after it has processed a test card. */
export type SimulatedFailure = 'none' | 'slow' | 'drop' | 'error';

interface TestCard {
  readonly declineCode: string | null;
  readonly failure: SimulatedFailure;
}

const testCards: Readonly<Record<string, TestCard>> = {
  tok_success: { declineCode: null, failure: 'none' },
  tok_declined: { declineCode: 'card_declined', failure: 'none' },
  tok_insufficient_funds: { declineCode: 'insufficient_funds', failure: 'none' },
  tok_slow: { declineCode: null, failure: 'slow' },
  tok_charged_then_dropped: { declineCode: null, failure: 'drop' },
  tok_error_after_charge: { declineCode: null, failure: 'error' },
};

/** @throws SandboxError 422 for a token that does not exist. */
export function testCardOf(token: string): TestCard {
  const card = Object.hasOwn(testCards, token) ? testCards[token] : undefined;
  if (card) return card;
  throw new SandboxError(422, 'invalid_request', 'payment_method_unknown', 'This payment method token does not exist.');
}

export interface NewCharge {
  readonly id: string;
  readonly reference: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly declineCode: string | null;
}

export function authorizeCharge({ id, reference, amountMinor, currency, declineCode }: NewCharge): ChargeTransition {
  const status = declineCode === null ? 'authorized' : 'declined';
  return {
    charge: { id, reference, status, declineCode, amountMinor, capturedMinor: 0, refundedMinor: 0, currency },
    entry: { type: declineCode === null ? 'authorize' : 'decline', amountMinor },
  };
}

/** Captures the whole authorized amount. */
export function captureCharge(charge: Charge): ChargeTransition {
  if (charge.capturedMinor > 0) throw invalidState('charge_already_captured', 'The charge is already captured.');
  if (charge.status !== 'authorized') throw invalidState('charge_not_capturable', `The charge is ${charge.status}.`);
  const { amountMinor } = charge;
  return {
    charge: { ...charge, status: 'captured', capturedMinor: amountMinor },
    entry: { type: 'capture', amountMinor },
  };
}

/** Releases an authorization. Captured money can only be refunded. */
export function voidCharge(charge: Charge): ChargeTransition {
  if (charge.status === 'voided') throw invalidState('charge_already_voided', 'The charge is already voided.');
  if (charge.status !== 'authorized') throw invalidState('charge_not_voidable', `The charge is ${charge.status}.`);
  return { charge: { ...charge, status: 'voided' }, entry: { type: 'void', amountMinor: charge.amountMinor } };
}

export function refundCharge(charge: Charge, amountMinor: number): ChargeTransition {
  const left = charge.capturedMinor - charge.refundedMinor;
  if (charge.capturedMinor === 0) throw invalidState('charge_not_refundable', `The charge is ${charge.status}.`);
  if (amountMinor > left) throw invalidState('refund_too_large', `Only ${left} minor units are left to refund.`);
  const refundedMinor = charge.refundedMinor + amountMinor;
  const status = refundedMinor === charge.capturedMinor ? 'refunded' : 'partially_refunded';
  return { charge: { ...charge, status, refundedMinor }, entry: { type: 'refund', amountMinor } };
}
