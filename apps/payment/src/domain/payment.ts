export type PaymentStatus =
  | 'AUTHORIZING'
  | 'AUTHORIZED'
  | 'CAPTURING'
  | 'VOIDING'
  | 'REFUNDING'
  | 'UNKNOWN'
  | 'CAPTURED'
  | 'PARTIALLY_REFUNDED'
  | 'REFUNDED'
  | 'VOIDED'
  | 'DECLINED';

/** What can be asked of the provider. A payment has at most one step in flight. */
export type OperationKind = 'AUTHORIZE' | 'CAPTURE' | 'VOID' | 'REFUND';

export interface Terms {
  readonly customerId: string;
  readonly amountMinor: number;
  readonly currency: string;
}

export interface Refund {
  readonly id: string;
  readonly amountMinor: number;
  readonly status: 'PENDING' | 'REFUNDED' | 'FAILED';
  readonly reason: string;
  readonly createdAt: Date;
}

export interface Payment {
  readonly id: string;
  readonly orderId: string;
  /** Null: a voidBeforeAuthorization. The void came before the authorisation, which must never reach the provider. */
  readonly terms: Terms | null;
  readonly status: PaymentStatus;
  /** The step in flight; says what UNKNOWN is unknown about. */
  readonly inFlight: OperationKind | null;
  /** The provider's id, known once it has answered. */
  readonly chargeId: string | null;
  readonly capturedMinor: number;
  readonly refundedMinor: number;
  readonly declineReason: string | null;
  readonly captureFailure: string | null;
  /** Set as soon as a void was asked for, also while it must wait for the step in flight. */
  readonly voidReason: string | null;
  readonly refunds: readonly Refund[];
  /** Counts the changes, from 1. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What the world is told. */
export type PaymentFact =
  | { readonly kind: 'authorized' }
  | { readonly kind: 'declined'; readonly reason: string }
  | { readonly kind: 'captured' }
  | { readonly kind: 'capture-failed'; readonly reason: string }
  | { readonly kind: 'voided'; readonly reason: string }
  | { readonly kind: 'refunded'; readonly refundId: string; readonly amountMinor: number; readonly reason: string };

/** Something to ask of the provider, as soon as the transaction has committed. */
export interface OperationIntent {
  readonly kind: OperationKind;
  /** Of a REFUND. */
  readonly refundId?: string;
  readonly amountMinor: number;
}

/**
 * What a transition leads to. Where nothing changed `payment` is the very object that went in; facts may be told again all
 * the same, because a repeated command is answered again.
 */
export interface PaymentChange {
  readonly payment: Payment;
  readonly facts: readonly PaymentFact[];
  readonly intent?: OperationIntent;
  /** The intent recorded before was never sent and must not be any more. */
  readonly withdraw?: true;
}

/** How a step ended at the provider. */
export type ProviderOutcome =
  | { readonly kind: 'authorized'; readonly chargeId: string }
  | { readonly kind: 'declined'; readonly chargeId: string | null; readonly reason: string }
  | { readonly kind: 'captured'; readonly capturedMinor: number }
  | { readonly kind: 'voided' }
  | { readonly kind: 'refunded' }
  | { readonly kind: 'refused'; readonly reason: string };

/** Persisted before the first call and sent with every repetition of it, so that the provider executes the operation once. */
export const operationKey = (paymentId: string, kind: OperationKind, n: number): string =>
  `pay:${paymentId}:${kind.toLowerCase()}:${n}`;
