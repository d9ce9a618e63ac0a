import { BulkheadFull, DeadlineExceeded } from './errors.js';
import { cancel, schedule } from './shared-timer.js';

export interface BulkheadOptions {
  /** Calls that run at once. */
  readonly maxConcurrent: number;
  /** Calls that wait for their turn; one more is refused. Default 0. */
  readonly maxQueue?: number;
}

/**
 * Bounds the calls in flight to one dependency, first come first served. A finished call hands its slot to the first waiter directly, and a
 * waiter whose time is over leaves the queue. cockatiel 4.0 does neither: a newcomer can take the slot that was meant for a waiter, which
 * then queues again or, with a full queue, is refused; and dead waiters keep their slots until a call ends.
 */
export class Bulkhead {
  private running = 0;
  private readonly waiting = new Set<() => void>();
  readonly maxConcurrent: number;
  readonly maxQueue: number;

  constructor(
    private readonly name: string,
    { maxConcurrent, maxQueue = 0 }: BulkheadOptions,
  ) {
    this.maxConcurrent = maxConcurrent;
    this.maxQueue = maxQueue;
  }

  get active(): number {
    return this.running;
  }

  get queued(): number {
    return this.waiting.size;
  }

  /**
   * Resolves once the caller may go on; it must call {@link release} afterwards.
   * @param limitMs The longest wait, milliseconds.
   * @throws BulkheadFull at once, DeadlineExceeded after `limitMs`.
   */
  acquire(limitMs: number): Promise<void> | void {
    if (this.running < this.maxConcurrent) {
      this.running += 1;
      return;
    }
    if (this.waiting.size >= this.maxQueue) throw new BulkheadFull(this.name);
    return new Promise<void>((resolve, reject) => {
      const limit = Number.isFinite(limitMs)
        ? schedule(limitMs, () => {
            this.waiting.delete(admit);
            reject(new DeadlineExceeded(`no free slot for a call to ${this.name} within ${Math.round(limitMs)} ms`));
          })
        : undefined;
      const admit = () => {
        if (limit) cancel(limit);
        resolve();
      };
      this.waiting.add(admit);
    });
  }

  release(): void {
    const [first] = this.waiting;
    if (first === undefined) {
      this.running -= 1;
      return;
    }
    this.waiting.delete(first);
    first();
  }
}
