import { BulkheadFull, DeadlineExceeded } from './errors.js';
import { startTimer } from './timer.js';

export interface BulkheadOptions {
  /** Calls that run at once. */
  readonly maxConcurrent: number;
  /** Calls that queue for a slot; one more is refused. Default 0. */
  readonly maxQueue?: number;
}

/** What `/governance` shows. */
export interface BulkheadState {
  readonly active: number;
  readonly queued: number;
  readonly maxConcurrent: number;
  readonly maxQueue: number;
}

/**
 * Bounds the calls in flight to one dependency, first come first served. A finished call hands its slot to the first in
 * the queue directly, and a call whose time is over leaves the queue.
 */
export class Bulkhead {
  private active = 0;
  private readonly queue = new Set<() => void>();
  private readonly maxConcurrent: number;
  private readonly maxQueue: number;

  constructor(
    private readonly name: string,
    { maxConcurrent, maxQueue = 0 }: BulkheadOptions,
  ) {
    this.maxConcurrent = maxConcurrent;
    this.maxQueue = maxQueue;
  }

  state(): BulkheadState {
    const { active, queue, maxConcurrent, maxQueue } = this;
    return { active, queued: queue.size, maxConcurrent, maxQueue };
  }

  /**
   * Takes a slot, which the caller must {@link release}.
   * @param limitMs The longest wait, milliseconds.
   * @returns Nothing when a slot was free, else a promise.
   * @throws BulkheadFull at once, DeadlineExceeded after `limitMs`.
   */
  acquire(limitMs: number): Promise<void> | void {
    if (this.active < this.maxConcurrent) {
      this.active += 1;
      return;
    }
    if (this.queue.size >= this.maxQueue) throw new BulkheadFull(this.name);
    return new Promise<void>((resolve, reject) => {
      const expire = (): void => {
        this.queue.delete(admit);
        reject(new DeadlineExceeded(`no free slot for a call to ${this.name} within ${Math.round(limitMs)} ms`));
      };
      const timer = Number.isFinite(limitMs) ? startTimer(limitMs, expire) : undefined;
      const admit = () => {
        clearTimeout(timer);
        resolve();
      };
      this.queue.add(admit);
    });
  }

  release(): void {
    const [first] = this.queue;
    if (first === undefined) {
      this.active -= 1;
      return;
    }
    this.queue.delete(first);
    first();
  }
}
