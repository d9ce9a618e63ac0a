import type { MessageDefinition } from '@causeway/contracts';
import type { UnitOfWork } from '@causeway/persistence';
import type { ProviderCharge } from '../domain/provider-charge.js';
import type { OperationIntent, Payment, OperationKind } from '../domain/payment.js';

/** Repositories of one transaction. */
export interface PaymentTransaction {
  readonly payments: PaymentRepository;
  readonly operations: OperationRepository;
  readonly webhooks: WebhookRepository;
  readonly outbox: EventOutbox;
}

export type PaymentUnitOfWork = UnitOfWork<PaymentTransaction>;

export interface PaymentRepository {
  /** Locks the payment until the transaction ends. */
  forUpdate(id: string): Promise<Payment | undefined>;
  /** @returns false when the id exists already; by then the transaction that made it has ended. */
  insert(payment: Payment): Promise<boolean>;
  /** Saves the payment with its refunds; it must be locked. */
  save(payment: Payment): Promise<void>;
}

/** An operation at the provider that was recorded before it was sent. */
export interface Operation {
  readonly id: string;
  readonly paymentId: string;
  readonly kind: OperationKind;
  /** `pay:{payment id}:{kind}:{n}`: the idempotency key of every attempt. */
  readonly key: string;
  /** READY: to be sent. UNKNOWN: all attempts were lost; the provider is read. */
  readonly status: 'READY' | 'UNKNOWN';
  readonly amountMinor: number;
  readonly currency: string;
  readonly refundId: string | null;
  readonly chargeId: string | null;
  /** Of an AUTHORIZE that is not settled yet; forgotten afterwards. */
  readonly paymentMethodToken: string | null;
  /** Attempts begun, with the one that this claim is for. */
  readonly attempts: number;
  /** Readings done while UNKNOWN. */
  readonly reads: number;
  /** Attempts in a row that did not reach the provider. */
  readonly unsent: number;
  readonly createdAt: Date;
  /** W3C trace context of the command that asked for it. */
  readonly traceparent: string | null;
  /** Names this claim: only its holder may reschedule the operation. */
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
  /** Records what to ask of the provider, with its idempotency key and the trace of the caller. It is due at once. */
  add(paymentId: string, intent: OperationIntent, paymentMethodToken?: string): Promise<void>;
  /** Whether the operation in flight may have reached the provider. Locks it, so that it can't be claimed meanwhile. */
  mayBeSent(paymentId: string): Promise<boolean>;
  /** Ends the operation in flight that was never sent. */
  withdraw(paymentId: string): Promise<void>;
  /** Ends the operation. @returns false when somebody else has ended it before. */
  close(id: string, status: 'SUCCEEDED' | 'REFUSED', result: string): Promise<boolean>;
  /** Gives the claim back. @returns false when the lease had run out and another holds it, or the operation has ended. */
  reschedule(operation: Pick<Operation, 'id' | 'lease'>, next: Reschedule): Promise<boolean>;
  /** Makes the reading of an UNKNOWN operation due now. */
  makeDueNow(paymentId: string): Promise<void>;
}

/** Claims due operations outside of any business transaction. */
export interface OperationQueue {
  /** Takes up to `limit` due operations for `leaseMs`; whoever dies in between loses them to the next claim. */
  claim(limit: number, leaseMs: number): Promise<Operation[]>;
  /** Ends the lease of an operation that could not be carried through: it is due again after `delayMs`. Nothing happens where the lease is lost. */
  release(operation: Pick<Operation, 'id' | 'lease'>, delayMs: number): Promise<void>;
}

export interface WebhookEvent {
  readonly id: string;
  readonly type: string;
  readonly reference: string;
  readonly body: unknown;
}

export interface WebhookRepository {
  /** @returns false when the event is stored already. */
  insert(event: WebhookEvent): Promise<boolean>;
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
 * The payment provider. Every call that moves money takes the idempotency key that was persisted for it.
 * @throws PspUnsent, PspUnclear or PspRefused (`provider-errors.ts`), nothing else.
 */
export interface PaymentProvider {
  authorize(key: string, request: AuthorizeRequest): Promise<ProviderCharge>;
  capture(key: string, chargeId: string): Promise<ProviderCharge>;
  void(key: string, chargeId: string): Promise<ProviderCharge>;
  refund(key: string, chargeId: string, request: { reference: string; amountMinor: number }): Promise<ProviderCharge>;
  /** The charge of our reference (the payment id), or undefined. */
  find(reference: string): Promise<ProviderCharge | undefined>;
}

/** Current time; a parameter, so that tests own it. */
export type Clock = () => Date;
