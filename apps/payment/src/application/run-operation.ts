import { CodedError } from '@causeway/errors';
import { fullJitterMs, isOverload } from '@causeway/resilience';
import { getLogger } from '@causeway/telemetry';
import { providerOutcomeOf, type ProviderCharge } from '../domain/provider-charge.js';
import type { ProviderOutcome } from '../domain/payment.js';
import { markUnclear, settle } from '../domain/settlement.js';
import type { Clock, Operation, PaymentProvider, PaymentTransaction, PaymentUnitOfWork, Reschedule } from './ports.js';
import { PspRefused, PspUnsent } from './provider-errors.js';
import { saveChange } from './save-change.js';

export interface RunOperationOptions {
  /** First attempt and its repetitions with the same key; then the outcome is UNKNOWN. Default 3. */
  readonly maxAttempts?: number;
  /** Waits before the readings of an UNKNOWN operation, milliseconds; the last one repeats. Default 5 s, 30 s, 2 min, 10 min, 1 h. */
  readonly readScheduleMs?: readonly number[];
  /** How long a key is repeated: providers forget keys after 24 h. Default 24 h. */
  readonly keyLifetimeMs?: number;
  readonly random?: () => number;
  /** Waits, milliseconds. Default setTimeout. */
  readonly pause?: (ms: number) => Promise<void>;
}

/** What asking the provider came to: an outcome, or the error that leaves it open. */
type Answer = ProviderOutcome | { readonly kind: 'open'; readonly error: unknown };

/** The claim that an execution is under. */
export interface OperationClaim {
  /** False when the lease is about to run out, or the process is stopping: what could not be stored is given back. */
  readonly lasts: () => boolean;
}

const open = (error: unknown): Answer => ({ kind: 'open', error });

/** Executes one claimed operation at the provider and stores what came of it. Nothing remote happens inside a transaction. */
export class RunOperation {
  private readonly log = getLogger('payment-operations');
  private readonly maxAttempts: number;
  private readonly readScheduleMs: readonly number[];
  private readonly keyLifetimeMs: number;
  private readonly random: () => number;
  private readonly pause: (ms: number) => Promise<void>;

  constructor(
    private readonly uow: PaymentUnitOfWork,
    private readonly provider: PaymentProvider,
    private readonly now: Clock,
    options: RunOperationOptions = {},
  ) {
    this.maxAttempts = options.maxAttempts ?? 3;
    this.readScheduleMs = options.readScheduleMs ?? [5_000, 30_000, 120_000, 600_000, 3_600_000];
    this.keyLifetimeMs = options.keyLifetimeMs ?? 24 * 3_600_000;
    this.random = options.random ?? Math.random;
    this.pause = options.pause ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
  }

  /**
   * @param claim Default: one that is over, so that what cannot be stored at once is an error.
   * @returns milliseconds until the operation is due again, or undefined when it is settled.
   */
  execute(operation: Operation, claim: OperationClaim = over): Promise<number | undefined> {
    // Attempts beyond the limit were begun by a worker that died: their outcome is as unknown as that of a timeout.
    const lost = operation.status === 'UNKNOWN' || operation.attempts > this.maxAttempts;
    return lost ? this.resolve(operation, claim) : this.attempt(operation, claim);
  }

  private async attempt(operation: Operation, claim: OperationClaim): Promise<number | undefined> {
    const answer = await this.ask(operation);
    if (answer.kind !== 'open') return this.settle(operation, answer, claim);
    const { attempts, reads } = operation;
    // Only of the very first attempt it is certain that nothing was sent before it.
    if (answer.error instanceof PspUnsent && attempts === 1) {
      const unsent = operation.unsent + 1;
      const delayMs = 250 + fullJitterMs(unsent, 500, 15_000, this.random);
      return this.reschedule(operation, { status: 'READY', attempts: 0, reads, unsent, delayMs }, answer.error, claim);
    }
    if (attempts < this.maxAttempts) {
      const delayMs = fullJitterMs(attempts, 200, 2_000, this.random);
      return this.reschedule(operation, { status: 'READY', attempts, reads, unsent: 0, delayMs }, answer.error, claim);
    }
    return this.markUnclear(operation, answer.error, claim);
  }

  /** Reads what became of a lost operation. Where the provider knows nothing of it, it is sent again with its key: that is safe, and settles it. */
  private async resolve(operation: Operation, claim: OperationClaim): Promise<number | undefined> {
    const found = await this.read(operation);
    if (found?.kind === 'open') return this.markUnclear(operation, found.error, claim);
    if (found) return this.settle(operation, found, claim);
    if (this.now().getTime() - operation.createdAt.getTime() >= this.keyLifetimeMs) {
      return this.settle(operation, { kind: 'refused', reason: 'never executed by the provider' }, claim);
    }
    const answer = await this.ask(operation);
    return answer.kind === 'open'
      ? this.markUnclear(operation, answer.error, claim)
      : this.settle(operation, answer, claim);
  }

  private async ask(operation: Operation): Promise<Answer> {
    try {
      const charge = await this.call(operation);
      return (
        providerOutcomeOf(operation.kind, charge, operation.refundId) ??
        open(new Error(`the charge is ${charge.status} after the call`))
      );
    } catch (error) {
      if (!(error instanceof PspRefused)) return open(error);
      const refused: ProviderOutcome = { kind: 'refused', reason: error.reason };
      // "Refused" may mean "is so already": the state of the charge tells which.
      return operation.kind === 'AUTHORIZE' ? refused : ((await this.read(operation)) ?? refused);
    }
  }

  private call({ kind, key, paymentId, ...operation }: Operation): Promise<ProviderCharge> {
    const { amountMinor, currency } = operation;
    const chargeId = operation.chargeId ?? '';
    switch (kind) {
      case 'AUTHORIZE': {
        const paymentMethodToken = operation.paymentMethodToken ?? '';
        return this.provider.authorize(key, { reference: paymentId, amountMinor, currency, paymentMethodToken });
      }
      case 'CAPTURE':
        return this.provider.capture(key, chargeId);
      case 'VOID':
        return this.provider.void(key, chargeId);
      case 'REFUND':
        return this.provider.refund(key, chargeId, { reference: operation.refundId ?? '', amountMinor });
    }
  }

  private async read({ kind, paymentId, refundId }: Operation): Promise<Answer | undefined> {
    try {
      return providerOutcomeOf(kind, await this.provider.find(paymentId), refundId);
    } catch (error) {
      return open(error);
    }
  }

  /** A definite outcome counts even when the lease has run out meanwhile: the first to settle wins, and all would say the same. */
  private async settle(operation: Operation, outcome: ProviderOutcome, claim: OperationClaim): Promise<undefined> {
    const now = this.now();
    await this.store(claim, async (tx) => {
      const before = await tx.payments.forUpdate(operation.paymentId);
      const status = outcome.kind === 'refused' ? 'REFUSED' : 'SUCCEEDED';
      if (!before || !(await tx.operations.close(operation.id, status, outcome.kind))) return;
      await saveChange(tx, settle(before, outcome, now), { before, now });
    });
    this.log.info({ paymentId: operation.paymentId, kind: operation.kind, outcome: outcome.kind }, 'operation settled');
    return undefined;
  }

  private async markUnclear(operation: Operation, error: unknown, claim: OperationClaim): Promise<number> {
    const now = this.now();
    const { attempts, reads } = operation;
    const delayMs = this.readScheduleMs[Math.min(reads, this.readScheduleMs.length - 1)] ?? 3_600_000;
    const next: Reschedule = { status: 'UNKNOWN', attempts, reads: reads + 1, unsent: 0, delayMs };
    this.warn(operation, next, error);
    await this.store(claim, async (tx) => {
      const before = await tx.payments.forUpdate(operation.paymentId);
      if (!before || !(await tx.operations.reschedule(operation, next))) return;
      await saveChange(tx, markUnclear(before, now), { before, now });
    });
    return delayMs;
  }

  private async reschedule(
    operation: Operation,
    next: Reschedule,
    error: unknown,
    claim: OperationClaim,
  ): Promise<number> {
    this.warn(operation, next, error);
    await this.store(claim, (tx) => tx.operations.reschedule(operation, next));
    return next.delayMs;
  }

  /**
   * What came of an operation is known by now, so it is stored again and again while the claim lasts: to let go of it would mean to ask the
   * provider again, after the lease has run out.
   */
  private async store<T>(claim: OperationClaim, work: (tx: PaymentTransaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.uow.run(work);
      } catch (error) {
        if (!isPassing(error) || !claim.lasts()) throw error;
      }
      await this.pause(fullJitterMs(attempt, 100, 2_000, this.random));
    }
  }

  private warn({ paymentId, kind, attempts }: Operation, next: Reschedule, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.log.warn(
      { paymentId, kind, attempts, next: next.status, delayMs: next.delayMs, reason },
      'operation has no outcome yet',
    );
  }
}

const over: OperationClaim = { lasts: () => false };

/** The database is away, or has no connection for us. */
const isPassing = (error: unknown): boolean =>
  isOverload(error) || (error instanceof CodedError && error.code === 'DATABASE_UNAVAILABLE');
