import { asWork, type WakeSignal } from '@causeway/resilience';
import { extractTrace, getLogger, inSpan } from '@causeway/telemetry';
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
  /** How often to look for due operations, milliseconds. Default 250. */
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
    this.pollMs = options.pollMs ?? 250;
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
      await this.wakeSignal.wait(this.pollMs);
    }
  }

  private async claim(limit: number): Promise<number> {
    try {
      const claimedAt = performance.now();
      const operations = await this.queue.claim(limit, this.options.leaseMs);
      const isHeld = () => !this.stopping && performance.now() - claimedAt < this.options.leaseMs - leaseMarginMs;
      for (const operation of operations) {
        const done = this.execute(operation, { isHeld }).finally(() => {
          this.inFlight.delete(done);
          this.wakeSignal.wake();
        });
        this.inFlight.add(done);
      }
      return operations.length;
    } catch (err) {
      this.log.warn({ err }, `operations could not be claimed; trying again in ${this.pollMs} ms`);
      return 0;
    }
  }

  private async execute(operation: Operation, claim: OperationClaim): Promise<void> {
    const attributes = { 'causeway.payment.id': operation.paymentId, 'causeway.operation.attempt': operation.attempts };
    const parent = extractTrace({ traceparent: operation.traceparent ?? undefined });
    try {
      await inSpan(`execute ${operation.kind.toLowerCase()}`, { parent, attributes }, () =>
        this.run.execute(operation, claim),
      );
    } catch (err) {
      // The result could not be stored. The same key will get the same answer from the provider.
      const delayMs = Math.min(maxRetryDelayMs, 500 * 2 ** operation.attempts);
      const { paymentId, kind } = operation;
      this.log.error({ err, paymentId, kind }, `operation failed; trying again in ${delayMs / 1_000} s`);
      await this.release(operation, delayMs);
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
