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

/** The operations of the provider. A payment has at most one in flight. */
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
  /** Null in a void marker: the void arrived before the authorization, which must never reach the provider. */
  readonly terms: Terms | null;
  readonly status: PaymentStatus;
  /** The operation in flight. While UNKNOWN, the one whose outcome is unclear. */
  readonly inFlight: OperationKind | null;
  /** The provider's id of the charge; null until it has answered. */
  readonly chargeId: string | null;
  readonly capturedMinor: number;
  readonly refundedMinor: number;
  readonly declineReason: string | null;
  readonly captureFailure: string | null;
  /** Set once a void is requested, also while it waits for the operation in flight. */
  readonly voidReason: string | null;
  readonly refunds: readonly Refund[];
  /** Starts at 1; each change adds 1. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Something that happened to a payment; it becomes an event. */
export type PaymentFact =
  | { readonly kind: 'authorized' }
  | { readonly kind: 'declined'; readonly reason: string }
  | { readonly kind: 'captured' }
  | { readonly kind: 'capture-failed'; readonly reason: string }
  | { readonly kind: 'voided'; readonly reason: string }
  | { readonly kind: 'refunded'; readonly refundId: string; readonly amountMinor: number; readonly reason: string };

/** An operation to start at the provider after the commit. */
export interface OperationIntent {
  readonly kind: OperationKind;
  /** Set for a REFUND. */
  readonly refundId?: string;
  readonly amountMinor: number;
}

/**
 * The result of a transition. If nothing changed, `payment` is the same object that went in. A repeated command still
 * returns its facts, so that its sender gets the event again.
 */
export interface PaymentChange {
  readonly payment: Payment;
  readonly facts: readonly PaymentFact[];
  readonly intent?: OperationIntent;
  /** The operation in flight was never sent, and must not be sent any more. */
  readonly withdraw?: true;
}

/** How an operation ended at the provider. */
export type ProviderOutcome =
  | { readonly kind: 'authorized'; readonly chargeId: string }
  | { readonly kind: 'declined'; readonly chargeId: string | null; readonly reason: string }
  | { readonly kind: 'captured'; readonly capturedMinor: number }
  | { readonly kind: 'voided' }
  | { readonly kind: 'refunded' }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * The idempotency key of an operation: stored before the first call, sent with every attempt, so that it is executed
 * once.
 */
export const operationKey = (paymentId: string, kind: OperationKind, n: number): string =>
  `${operationKeyPrefix(paymentId, kind)}${n}`;

/** The key without the number, which the database counts out. */
export const operationKeyPrefix = (paymentId: string, kind: OperationKind): string =>
  `pay:${paymentId}:${kind.toLowerCase()}:`;
