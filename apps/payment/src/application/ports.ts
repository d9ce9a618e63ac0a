import type { MessageDefinition } from '@causeway/contracts';
import type { SecurityLog, UnitOfWork } from '@causeway/persistence';
import type { ProviderCharge } from '../domain/provider-charge.js';
import type { OperationIntent, Payment, OperationKind } from '../domain/payment.js';

/** Repositories of one transaction. */
export interface PaymentTransaction {
  readonly payments: PaymentRepository;
  readonly operations: OperationRepository;
  readonly outbox: EventOutbox;
  readonly security: Pick<SecurityLog, 'record'>;
}

export type PaymentUnitOfWork = UnitOfWork<PaymentTransaction>;

export interface PaymentRepository {
  /** Locks the payment until the transaction ends. */
  forUpdate(id: string): Promise<Payment | undefined>;
  /** @returns false when the id exists; the transaction that inserted it has ended by then. */
  insert(payment: Payment): Promise<boolean>;
  /**
   * Saves a changed payment with its refunds.
   * @param before What `forUpdate` returned.
   * @throws Error when the payment has another version by now: it was saved without a lock.
   */
  save(payment: Payment, before: Payment): Promise<void>;
}

/** One authorize, capture, void or refund at the provider, stored before it is sent. */
export interface Operation {
  readonly id: string;
  readonly paymentId: string;
  /** The order that the payment is for. */
  readonly orderId: string;
  readonly kind: OperationKind;
  /** `pay:{payment id}:{kind}:{n}`: the idempotency key of all attempts. */
  readonly key: string;
  /** READY: to be sent. UNKNOWN: no attempt got a clear answer; the charge is read. */
  readonly status: 'READY' | 'UNKNOWN';
  readonly amountMinor: number;
  readonly currency: string;
  readonly refundId: string | null;
  readonly chargeId: string | null;
  /** Set for an AUTHORIZE until it is settled, then erased. Sealed: the token is in the clear during the call only. */
  readonly sealedCardToken: string | null;
  /** Attempts begun, including the one of this claim. */
  readonly attempts: number;
  /** Readings of the charge while UNKNOWN. */
  readonly reads: number;
  /** Consecutive attempts that did not reach the provider. */
  readonly unsent: number;
  readonly createdAt: Date;
  /** W3C trace context of the command behind the operation. */
  readonly traceparent: string | null;
  /** Id of this claim: only its holder may reschedule the operation. */
  readonly lease: string;
}

export interface Reschedule {
  readonly status: Operation['status'];
  readonly attempts: number;
  readonly reads: number;
  readonly unsent: number;
  readonly delayMs: number;
}

export interface OperationRepository {
  /** Stores an operation with its idempotency key and the caller's trace. It is due immediately. */
  add(paymentId: string, intent: OperationIntent, sealedCardToken?: string): Promise<void>;
  /** Whether the operation in flight may have reached the provider. Locks it against being claimed. */
  mayBeSent(paymentId: string): Promise<boolean>;
  /** Closes the operation in flight, which was never sent. */
  withdraw(paymentId: string): Promise<void>;
  /** Closes the operation. @returns false when another worker has closed it already. */
  close(id: string, status: 'SUCCEEDED' | 'REFUSED', result: string): Promise<boolean>;
  /** Releases the claim. @returns false when another worker holds the operation by now, or it is closed. */
  reschedule(operation: Pick<Operation, 'id' | 'lease'>, next: Reschedule): Promise<boolean>;
  /** Makes the next reading of an UNKNOWN operation due now. */
  makeDueNow(paymentId: string): Promise<void>;
}

/** Claims due operations, outside of any business transaction. */
export interface OperationQueue {
  /** Claims up to `limit` due operations for `leaseMs`. If the worker dies, a later claim takes them over. */
  claim(limit: number, leaseMs: number): Promise<Operation[]>;
  /** @returns Milliseconds until an operation is due that can be claimed; undefined when there is none. */
  untilNextDue(): Promise<number | undefined>;
  /**
   * Ends the lease of an operation that failed here; it is due again after `delayMs`. Does nothing when the lease is
   * lost.
   */
  release(operation: Pick<Operation, 'id' | 'lease'>, delayMs: number): Promise<void>;
}

export interface EventOutbox {
  add<T>(definition: MessageDefinition<T>, aggregateId: string, data: T): Promise<string>;
}

export interface AuthorizeRequest {
  readonly reference: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly paymentMethodToken: string;
}

/**
 * Opens a card token that was sealed for this payment.
 * @throws SealedKeyUnknown, SealedValueInvalid
 */
export type OpenCardToken = (sealed: string, paymentId: string) => Promise<string>;

/**
 * The payment provider. Every call that moves money takes the idempotency key stored with its operation.
 * @throws PspUnsent, PspUnclear or PspRefused (`provider-errors.ts`), and no other error.
 */
export interface PaymentProvider {
  authorize(key: string, request: AuthorizeRequest): Promise<ProviderCharge>;
  capture(key: string, chargeId: string): Promise<ProviderCharge>;
  void(key: string, chargeId: string): Promise<ProviderCharge>;
  refund(key: string, chargeId: string, request: { reference: string; amountMinor: number }): Promise<ProviderCharge>;
  /** Finds the charge by our reference, the payment id. */
  find(reference: string): Promise<ProviderCharge | undefined>;
}
