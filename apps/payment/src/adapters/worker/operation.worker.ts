import { asWork, type WakeSignal } from '@causeway/resilience';
import { about, extractTrace, getLogger, inSpan } from '@causeway/telemetry';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Operation, OperationQueue } from '../../application/ports.js';
import type { OperationClaim, RunOperation } from '../../application/run-operation.js';

export interface OperationWorkerOptions {
  /**
   * Concurrent operations at the provider, per instance. Each costs a socket, and a database connection only while its
   * result is stored.
   */
  readonly concurrency: number;
  /**
   * Length of a claim, milliseconds: the longest execution (a reading, a call and another reading) plus 5 s to store
   * the result.
   */
  readonly leaseMs: number;
  /** The longest pause between two searches for due operations, milliseconds. Default 5 000. */
  readonly pollMs?: number;
}

/** Nothing is stored in the last second of a lease: another instance may be about to take over. */
const leaseMarginMs = 1_000;
/** Longest delay before an operation that failed here is tried again. */
const maxRetryDelayMs = 30_000;

/**
 * Executes due operations. Any number of instances share the work: a claim is a row with a lease, so if a worker dies
 * during a call, the next one executes the operation again with the same idempotency key.
 */
export class OperationWorker implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = getLogger('payment-operations');
  private readonly inFlight = new Set<Promise<void>>();
  private readonly concurrency: number;
  private readonly pollMs: number;
  private stopping = false;
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly queue: OperationQueue,
    private readonly run: Pick<RunOperation, 'execute'>,
    private readonly options: OperationWorkerOptions,
    private readonly wakeSignal: WakeSignal,
  ) {
    this.concurrency = options.concurrency;
    this.pollMs = options.pollMs ?? 5_000;
  }

  onApplicationBootstrap(): void {
    this.loop = asWork('background', () => this.work());
  }

  /** Stops claiming and waits for calls in flight: an answer lost now would cost a reading later. */
  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    this.wakeSignal.wake();
    await this.loop;
    await Promise.all(this.inFlight);
  }

  private async work(): Promise<void> {
    while (!this.stopping) {
      const freeSlots = this.concurrency - this.inFlight.size;
      const claimed = freeSlots > 0 ? await this.claim(freeSlots) : 0;
      // Every free slot was filled, so more may be due; the next round waits only if no slot is free.
      if (claimed > 0 && claimed === freeSlots) continue;
      await this.wakeSignal.wait(claimed === 0 && freeSlots > 0 ? await this.untilNextDue() : this.pollMs);
    }
  }

  private async claim(limit: number): Promise<number> {
    try {
      const claimedAt = performance.now();
      const operations = await this.queue.claim(limit, this.options.leaseMs);
      const isHeld = () => !this.stopping && performance.now() - claimedAt < this.options.leaseMs - leaseMarginMs;
      for (const operation of operations) this.start(operation, { isHeld });
      return operations.length;
    } catch (err) {
      this.log.warn({ err }, `operations could not be claimed; trying again in ${this.pollMs} ms`);
      return 0;
    }
  }

  /** Operations of this instance wake the worker, so polls serve those of others, which may be dead. */
  private async untilNextDue(): Promise<number> {
    const dueInMs = await this.queue.untilNextDue().catch(() => undefined);
    // Truncated times of the database may be a moment early; without a minimum the worker would spin until then.
    return Math.min(this.pollMs, Math.max(1, dueInMs ?? this.pollMs));
  }

  private start(operation: Operation, claim: OperationClaim): void {
    const done = this.execute(operation, claim).then((isDueAgain) => {
      const wasFull = this.inFlight.size === this.concurrency;
      this.inFlight.delete(done);
      if (wasFull || isDueAgain) this.wakeSignal.wake();
    });
    this.inFlight.add(done);
  }

  /** @returns Whether the operation is due again. */
  private async execute(operation: Operation, claim: OperationClaim): Promise<boolean> {
    const attributes = { 'causeway.payment.id': operation.paymentId, 'causeway.operation.attempt': operation.attempts };
    const parent = extractTrace({ traceparent: operation.traceparent ?? undefined });
    try {
      const dueInMs = await inSpan(`execute ${operation.kind.toLowerCase()}`, { parent, attributes }, () =>
        about({ orderId: operation.orderId }, () => this.run.execute(operation, claim)),
      );
      return dueInMs !== undefined;
    } catch (err) {
      // The result could not be stored. The same key will get the same answer from the provider.
      const delayMs = Math.min(maxRetryDelayMs, 500 * 2 ** operation.attempts);
      const { paymentId, kind } = operation;
      this.log.error({ err, paymentId, kind }, `operation failed; trying again in ${delayMs / 1_000} s`);
      await this.release(operation, delayMs);
      return true;
    }
  }

  /** Releases the claim now, instead of letting the lease expire, which is meant for processes that die. */
  private async release(operation: Operation, delayMs: number): Promise<void> {
    await this.queue
      .release(operation, delayMs)
      .catch((err: unknown) =>
        this.log.warn(
          { err, paymentId: operation.paymentId },
          'claim could not be released; releasing before the next claim',
        ),
      );
  }
}
