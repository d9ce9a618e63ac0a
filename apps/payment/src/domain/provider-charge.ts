import type { ProviderOutcome, OperationKind } from './payment.js';

/** A charge as the provider shows it. */
export interface ProviderCharge {
  readonly id: string;
  /** Ours: the payment id. */
  readonly reference: string;
  readonly status: 'authorized' | 'declined' | 'captured' | 'voided' | 'refunded' | 'partially_refunded';
  readonly declineCode: string | null;
  readonly capturedMinor: number;
  /** References of the refunds that were executed: our refund ids. */
  readonly refundReferences: readonly string[];
}

/**
 * What a charge, read at the provider, says about a step whose answer we don't have (or that was refused).
 * @returns undefined when the step was not executed.
 */
export function providerOutcomeOf(
  kind: OperationKind,
  charge: ProviderCharge | undefined,
  refundId?: string | null,
): ProviderOutcome | undefined {
  if (!charge) return undefined;
  switch (kind) {
    case 'AUTHORIZE':
      if (charge.status === 'declined')
        return { kind: 'declined', chargeId: charge.id, reason: charge.declineCode ?? 'declined' };
      return charge.status === 'voided' ? { kind: 'voided' } : { kind: 'authorized', chargeId: charge.id };
    case 'CAPTURE':
      if (charge.status === 'voided') return { kind: 'voided' };
      return charge.capturedMinor > 0 ? { kind: 'captured', capturedMinor: charge.capturedMinor } : undefined;
    case 'VOID':
      if (charge.status === 'voided') return { kind: 'voided' };
      return charge.capturedMinor > 0 ? { kind: 'captured', capturedMinor: charge.capturedMinor } : undefined;
    case 'REFUND':
      return refundId && charge.refundReferences.includes(refundId) ? { kind: 'refunded' } : undefined;
  }
}
