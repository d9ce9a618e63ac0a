import { asWork } from '@causeway/resilience';
import { extractTrace, getLogger, inSpan } from '@causeway/telemetry';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Operation, OperationQueue } from '../../application/ports.js';
import type { OperationClaim, RunOperation } from '../../application/run-operation.js';
import type { WakeSignal } from './wake-signal.js';

export interface OperationWorkerOptions {
  /**
   * Operations at the provider at the same time, per instance; each costs a socket, and a database connection only when
   * it is stored.
   */
  readonly concurrency: number;
  /**
   * A claim is lost after this: longer than the longest execution (a read, a call and a read again) by 5 s, for storing
   * what came of it.
   */
  readonly leaseMs: number;
  /** How often to look for what is due, milliseconds. Default 250. */
  readonly pollMs?: number;
}

/** Nothing is stored in the last moments of a lease: another instance may be about to take over. */
const marginMs = 1_000;
/** Longest pause before an operation is taken up again that failed here. */
const maxPauseMs = 30_000;

/**
 * Carries recorded operations out. Any number of instances work side by side: a claim is a row with a lease, so an
 * operation whose worker dies in mid-call is executed again by the next one, with the same idempotency key.
 */
export class OperationWorker implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = getLogger('payment-operations');
  private readonly inFlight = new Set<Promise<void>>();
  private readonly concurrency: number;
  private readonly pollMs: number;
  private stopping = false;
  private loop: Promise<void> = Promise.resolve();
  private wakeUp = Promise.withResolvers<void>();

  constructor(
    private readonly queue: OperationQueue,
    private readonly run: Pick<RunOperation, 'execute'>,
    private readonly options: OperationWorkerOptions,
    wakeSignal: WakeSignal,
  ) {
    this.concurrency = options.concurrency;
    this.pollMs = options.pollMs ?? 250;
    wakeSignal.onWake(() => this.wake());
  }

  onApplicationBootstrap(): void {
    this.loop = asWork('background', () => this.work());
  }

  /** Claims nothing any more and waits for what is at the provider: an answer that is lost costs a reading later. */
  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.loop;
    await Promise.all(this.inFlight);
  }

  /** The loop awaits a promise, so whoever wakes it does not pass on its own deadline or trace. */
  wake(): void {
    this.wakeUp.resolve();
  }

  private async work(): Promise<void> {
    while (!this.stopping) {
      this.wakeUp = Promise.withResolvers();
      const free = this.concurrency - this.inFlight.size;
      const claimed = free > 0 ? await this.claim(free) : 0;
      if (claimed > 0 && claimed === free) continue;
      const timer = setTimeout(() => this.wakeUp.resolve(), this.pollMs);
      await this.wakeUp.promise;
      clearTimeout(timer);
    }
  }

  private async claim(limit: number): Promise<number> {
    try {
      const claimedAt = performance.now();
      const operations = await this.queue.claim(limit, this.options.leaseMs);
      const isHeld = () => !this.stopping && performance.now() - claimedAt < this.options.leaseMs - marginMs;
      for (const operation of operations) {
        const done = this.execute(operation, { isHeld }).finally(() => {
          this.inFlight.delete(done);
          this.wake();
        });
        this.inFlight.add(done);
      }
      return operations.length;
    } catch (err) {
      this.log.warn({ err }, 'operations could not be claimed; trying again');
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
      // Its outcome could not be stored. It is taken up again, and the same key gives the same answer.
      this.log.error(
        { err, paymentId: operation.paymentId, kind: operation.kind },
        'operation failed; it is taken up again',
      );
      await this.release(operation);
    }
  }

  /** Without waiting for the lease to run out: that is for processes that die. */
  private async release(operation: Operation): Promise<void> {
    const delayMs = Math.min(maxPauseMs, 500 * 2 ** operation.attempts);
    await this.queue
      .release(operation, delayMs)
      .catch((err: unknown) =>
        this.log.warn({ err, paymentId: operation.paymentId }, 'a claim could not be given back yet'),
      );
  }
}
