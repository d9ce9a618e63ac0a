import { CodedError } from '@causeway/errors';
import { fullJitterMs, isOverload } from '@causeway/resilience';
import { getLogger } from '@causeway/telemetry';
import type { ProviderOutcome } from '../domain/payment.js';
import { providerOutcomeOf, type ProviderCharge } from '../domain/provider-charge.js';
import { markUnclear, settleOperation } from '../domain/settlement.js';
import type {
  OpenCardToken,
  Operation,
  PaymentProvider,
  PaymentTransaction,
  PaymentUnitOfWork,
  Reschedule,
} from './ports.js';
import { PspRefused, PspUnsent } from './provider-errors.js';
import { saveChange } from './save-change.js';

export interface RunOperationOptions {
  /** Calls with the same key before the payment becomes UNKNOWN, the first one included. Default 3. */
  readonly maxAttempts?: number;
  /**
   * Waits before each reading of an UNKNOWN operation, milliseconds; the last repeats. Default 5 s, 30 s, 2 min, 10
   * min, 1 h.
   */
  readonly readScheduleMs?: readonly number[];
  /**
   * How long an operation may be sent again with its key, milliseconds: providers forget keys after 24 h. Default 24 h.
   */
  readonly keyLifetimeMs?: number;
  readonly random?: () => number;
  /** Waits, milliseconds. Default setTimeout. */
  readonly pause?: (ms: number) => Promise<void>;
}

/** The lease under which an operation is executed. */
export interface OperationClaim {
  /** False shortly before the lease ends, and once the process is stopping: from then on nothing more is stored. */
  readonly isHeld: () => boolean;
}

/** What the provider said about an operation: its outcome, or the error that leaves the outcome unclear. */
type ProviderAnswer = ProviderOutcome | { readonly kind: 'unclear'; readonly error: unknown };

const unclear = (error: unknown): ProviderAnswer => ({ kind: 'unclear', error });
const notHeld: OperationClaim = { isHeld: () => false };

/**
 * Executes one claimed operation at the provider and stores its outcome. No remote call happens inside a transaction.
 *
 * What happens when the card provider hangs up after charging, times out, or answers 5xx:
 *
 * 1. `attempt` gets no clear answer. It calls again with the same idempotency key, up to three times in all: a provider
 *    that has charged replays its first answer instead of charging twice.
 * 2. Still unclear: `readLater` makes the payment UNKNOWN, which is neither authorized nor declined. No event is
 *    published, so the order waits, up to its payment limit.
 * 3. `resolveUnclear` reads the charge by our reference after 5 s, 30 s, 2 min, 10 min, then every hour, or as soon as
 *    a webhook arrives. What it reads settles the operation.
 * 4. The provider has never heard of the operation: it is sent again with its key. Once the key is 24 h old, sending is
 *    no longer safe, and the operation ends as refused: for an authorization that means DECLINED.
 *
 * Anything that dies on the way leaves a lease that expires, and the next worker continues here with the same key.
 */
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
    private readonly openCardToken: OpenCardToken,
    private readonly now: () => Date,
    options: RunOperationOptions = {},
  ) {
    this.maxAttempts = options.maxAttempts ?? 3;
    this.readScheduleMs = options.readScheduleMs ?? [5_000, 30_000, 120_000, 600_000, 3_600_000];
    this.keyLifetimeMs = options.keyLifetimeMs ?? 24 * 3_600_000;
    this.random = options.random ?? Math.random;
    this.pause = options.pause ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
  }

  /**
   * @param claim Default: not held, so a result that cannot be stored at once is an error.
   * @returns Milliseconds until the operation is due again; undefined once it is settled.
   */
  execute(operation: Operation, claim: OperationClaim = notHeld): Promise<number | undefined> {
    // More attempts than allowed means that workers died during them: each may have reached the provider.
    const isUnclear = operation.status === 'UNKNOWN' || operation.attempts > this.maxAttempts;
    return isUnclear ? this.resolveUnclear(operation, claim) : this.attempt(operation, claim);
  }

  /**
   * Calls the provider. Without a clear answer it schedules the next attempt, or the first reading after the last one.
   */
  private async attempt(operation: Operation, claim: OperationClaim): Promise<number | undefined> {
    const answer = await this.ask(operation);
    if (answer.kind !== 'unclear') return this.storeOutcome(operation, answer, claim);
    const { attempts, reads } = operation;
    // `PspUnsent` is certain only for the first attempt: an earlier one may have arrived. It does not count as an
    // attempt.
    if (answer.error instanceof PspUnsent && attempts === 1) {
      const unsent = operation.unsent + 1;
      const delayMs = 250 + fullJitterMs(unsent, 500, 15_000, this.random);
      const next: Reschedule = { status: 'READY', attempts: 0, reads, unsent, delayMs };
      this.warn(operation, next, answer.error, 'provider not reached; sending again');
      return this.reschedule(operation, next, claim);
    }
    if (attempts < this.maxAttempts) {
      const delayMs = fullJitterMs(attempts, 200, 2_000, this.random);
      const next: Reschedule = { status: 'READY', attempts, reads, unsent: 0, delayMs };
      this.warn(operation, next, answer.error, 'no clear answer; repeating with the same key');
      return this.reschedule(operation, next, claim);
    }
    return this.readLater(operation, answer.error, claim);
  }

  /**
   * Reads what became of an unclear operation. If the provider has no trace of it, sends it again with its key, which
   * is safe.
   */
  private async resolveUnclear(operation: Operation, claim: OperationClaim): Promise<number | undefined> {
    const found = await this.readCharge(operation);
    if (found?.kind === 'unclear') return this.readLater(operation, found.error, claim);
    if (found) return this.storeOutcome(operation, found, claim);
    if (this.now().getTime() - operation.createdAt.getTime() >= this.keyLifetimeMs) {
      return this.storeOutcome(
        operation,
        { kind: 'refused', reason: 'the payment provider never processed it' },
        claim,
      );
    }
    const answer = await this.ask(operation);
    return answer.kind === 'unclear'
      ? this.readLater(operation, answer.error, claim)
      : this.storeOutcome(operation, answer, claim);
  }

  private async ask(operation: Operation): Promise<ProviderAnswer> {
    try {
      const charge = await this.call(operation);
      return (
        providerOutcomeOf(operation.kind, charge, operation.refundId) ??
        unclear(new Error(`the charge is ${charge.status} after the call`))
      );
    } catch (error) {
      if (!(error instanceof PspRefused)) return unclear(error);
      const refused: ProviderOutcome = { kind: 'refused', reason: error.reason };
      // A refusal may mean "already done", for example a second capture. The charge tells.
      return operation.kind === 'AUTHORIZE' ? refused : ((await this.readCharge(operation)) ?? refused);
    }
  }

  private async call({ kind, key, paymentId, ...operation }: Operation): Promise<ProviderCharge> {
    const { amountMinor, currency } = operation;
    const chargeId = operation.chargeId ?? '';
    switch (kind) {
      case 'AUTHORIZE': {
        const paymentMethodToken = await this.cardTokenOf(operation.sealedCardToken ?? '', paymentId);
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

  /** The command came with a token that opened, so a key was removed since: nothing is sent until it is back. */
  private async cardTokenOf(sealed: string, paymentId: string): Promise<string> {
    try {
      return await this.openCardToken(sealed, paymentId);
    } catch (error) {
      throw new PspUnsent('the card token does not open', { cause: error });
    }
  }

  /** @returns undefined when the provider has not executed the operation. */
  private async readCharge({ kind, paymentId, refundId }: Operation): Promise<ProviderAnswer | undefined> {
    try {
      return providerOutcomeOf(kind, await this.provider.find(paymentId), refundId);
    } catch (error) {
      return unclear(error);
    }
  }

  /**
   * Valid even when the lease has expired meanwhile: the first worker to close the operation wins, and all have the
   * same outcome.
   */
  private async storeOutcome(
    operation: Operation,
    outcome: ProviderOutcome,
    claim: OperationClaim,
  ): Promise<undefined> {
    const now = this.now();
    await this.commit(operation, claim, async (tx) => {
      const status = outcome.kind === 'refused' ? 'REFUSED' : 'SUCCEEDED';
      const [before, closed] = await Promise.all([
        tx.payments.forUpdate(operation.paymentId),
        tx.operations.close(operation.id, status, outcome.kind),
      ]);
      if (!before || !closed) return;
      await saveChange(tx, settleOperation(before, outcome, now), { before, now });
    });
    const { paymentId, kind } = operation;
    this.log.info({ paymentId, kind, outcome: outcome.kind }, 'operation settled');
    return undefined;
  }

  private async readLater(operation: Operation, error: unknown, claim: OperationClaim): Promise<number> {
    const now = this.now();
    const { attempts, reads } = operation;
    const delayMs = this.readScheduleMs[Math.min(reads, this.readScheduleMs.length - 1)] ?? 3_600_000;
    const next: Reschedule = { status: 'UNKNOWN', attempts, reads: reads + 1, unsent: 0, delayMs };
    this.warn(operation, next, error, 'outcome unclear; reading the charge');
    await this.commit(operation, claim, async (tx) => {
      const [before, rescheduled] = await Promise.all([
        tx.payments.forUpdate(operation.paymentId),
        tx.operations.reschedule(operation, next),
      ]);
      if (!before || !rescheduled) return;
      await saveChange(tx, markUnclear(before, now), { before, now });
    });
    return delayMs;
  }

  private async reschedule(operation: Operation, next: Reschedule, claim: OperationClaim): Promise<number> {
    await this.commit(operation, claim, (tx) => tx.operations.reschedule(operation, next));
    return next.delayMs;
  }

  /**
   * Retries while the claim is held and the database is away: giving up would mean asking the provider again after the
   * lease.
   */
  private async commit<T>(
    { paymentId }: Operation,
    claim: OperationClaim,
    work: (tx: PaymentTransaction) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.uow.run(work, { aggregate: paymentId });
      } catch (error) {
        if (!isTransient(error) || !claim.isHeld()) throw error;
      }
      await this.pause(fullJitterMs(attempt, 100, 2_000, this.random));
    }
  }

  private warn({ paymentId, kind, attempts }: Operation, next: Reschedule, error: unknown, what: string): void {
    const reason = error instanceof Error ? error.message : String(error);
    const fields = { paymentId, kind, attempts, next: next.status, delayMs: next.delayMs, reason };
    this.log.warn(fields, `${what} in ${Math.round(next.delayMs / 100) / 10} s`);
  }
}

/** The database is down, or has no free connection. */
const isTransient = (error: unknown): boolean =>
  isOverload(error) || (error instanceof CodedError && error.code === 'DATABASE_UNAVAILABLE');
