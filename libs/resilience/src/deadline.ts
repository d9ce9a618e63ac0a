import { AsyncLocalStorage } from 'node:async_hooks';
import { DeadlineExceeded } from './errors.js';
import { startTimer } from './timer.js';

/**
 * The moment after which a response is of no use. It is made once, at the edge, and travels with the request as
 * remaining milliseconds, because the clocks of two machines never agree.
 */
export class Deadline {
  private controller?: AbortController;

  private constructor(private readonly at: number) {}

  /** @param ms From now, milliseconds. Zero or less: expired. */
  static after(ms: number): Deadline {
    return new Deadline(performance.now() + ms);
  }

  /**
   * Reads `causeway-deadline-ms`.
   * @param maxMs A caller can shorten the time, never prolong it.
   * @returns undefined when the header is missing or is not a non-negative number.
   */
  static fromHeader(value: string | undefined, maxMs: number): Deadline | undefined {
    if (value === undefined || !/^\d{1,15}(\.\d{1,6})?$/.test(value)) return undefined;
    return Deadline.after(Math.min(Number(value), maxMs));
  }

  /** Milliseconds, never negative. */
  remainingMs(): number {
    return Math.max(0, this.at - performance.now());
  }

  get expired(): boolean {
    return performance.now() >= this.at;
  }

  /** Aborts with {@link DeadlineExceeded}. Made when first read: work that cannot be interrupted costs no timer. */
  get signal(): AbortSignal {
    if (!this.controller) {
      const controller = new AbortController();
      const abort = () => controller.abort(new DeadlineExceeded());
      if (this.expired) abort();
      else startTimer(this.remainingMs(), abort).unref();
      this.controller = controller;
    }
    return this.controller.signal;
  }

  /** @throws DeadlineExceeded */
  throwIfExpired(): void {
    if (this.expired) throw new DeadlineExceeded();
  }

  /** The value of `causeway-deadline-ms` for the next hop: whole milliseconds, rounded down. */
  toHeader(): string {
    return String(Math.floor(this.remainingMs()));
  }

  isBefore(other: Deadline): boolean {
    return this.at < other.at;
  }
}

const storage = new AsyncLocalStorage<Deadline | undefined>();

/** The deadline of the running work, if any. */
export const currentDeadline = (): Deadline | undefined => storage.getStore();

/** Runs `fn`, and everything it awaits, under `deadline`, or under the one in force where that is earlier. */
export function withDeadline<T>(deadline: Deadline, fn: () => T): T {
  const outer = storage.getStore();
  return storage.run(outer?.isBefore(deadline) ? outer : deadline, fn);
}

/** Runs `fn` without a deadline: for work that outlives the request that caused it. */
export const withoutDeadline = <T>(fn: () => T): T => storage.run(undefined, fn);
