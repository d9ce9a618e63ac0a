import { DeadlineExceeded } from './errors.js';
import { cancel, schedule } from './shared-timer.js';

/** A signal that exists only if somebody asks for it. */
class LazySignal {
  private controller?: AbortController;
  private reason: unknown;

  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.reason !== undefined) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  abort(reason: unknown): void {
    this.reason = reason;
    this.controller?.abort(reason);
  }
}

/**
 * Runs `fn`, and rejects when it takes longer than `ms`, whether `fn` listens to the signal or not.
 * @param timedOut Makes the error; it is also the reason of the abort.
 */
export function within<T>(
  ms: number,
  fn: (holder: { readonly signal: AbortSignal }) => Promise<T>,
  timedOut: () => Error,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const holder = new LazySignal();
    const limit = schedule(ms, () => {
      const error = timedOut();
      reject(error);
      holder.abort(error);
    });
    let work: Promise<T>;
    try {
      work = fn(holder);
    } catch (error) {
      cancel(limit);
      reject(error as Error);
      return;
    }
    work.then(
      (value) => {
        cancel(limit);
        resolve(value);
      },
      (error: unknown) => {
        cancel(limit);
        reject(error as Error);
      },
    );
  });
}

/**
 * Gives `fn` at most `ms` milliseconds (plus up to 5).
 * @throws DeadlineExceeded; `signal` aborts with the same error. What `fn` does afterwards is ignored.
 */
export const withTimeout = <T>(ms: number, fn: (signal: AbortSignal) => Promise<T>): Promise<T> =>
  within(
    ms,
    (holder) => fn(holder.signal),
    () => new DeadlineExceeded(`no answer within ${ms} ms`),
  );
