import type { ProviderOutcome, OperationKind } from './payment.js';

/** A charge as the provider reports it. */
export interface ProviderCharge {
  readonly id: string;
  /** Our reference: the payment id. */
  readonly reference: string;
  readonly status: 'authorized' | 'declined' | 'captured' | 'voided' | 'refunded' | 'partially_refunded';
  readonly declineCode: string | null;
  readonly capturedMinor: number;
  /** Our ids of the refunds that the provider executed. */
  readonly refundReferences: readonly string[];
}

/**
 * Derives the outcome of an operation from the charge: after a call, or when a call was unclear or refused.
 * @returns undefined when the provider has not executed the operation.
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
