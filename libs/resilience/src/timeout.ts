import { DeadlineExceeded } from './errors.js';
import { startTimer } from './timer.js';

/** A signal that is made when somebody asks for it: most work listens to none. */
export class LazySignal {
  private controller?: AbortController;
  private reason?: Error;

  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.reason) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  abort(reason: Error): void {
    this.reason = reason;
    this.controller?.abort(reason);
  }
}

/**
 * Gives `fn` at most `ms` milliseconds, and rejects then whether `fn` listens to its signal or not. What `fn` does
 * afterwards is ignored.
 * @param timedOut Makes the error, which is also the reason of the abort. Default DeadlineExceeded.
 */
export function withTimeout<T>(
  ms: number,
  fn: (limit: { readonly signal: AbortSignal }) => Promise<T>,
  timedOut: () => Error = () => new DeadlineExceeded(`no answer within ${ms} ms`),
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const limit = new LazySignal();
    let settled = false;
    const expire = (): void => {
      if (settled) return;
      const error = timedOut();
      reject(error);
      limit.abort(error);
    };
    // Behind the poll phase: after a busy moment the event loop runs timers first, and a response that has already
    // arrived is read before it is called late.
    const timer = startTimer(ms, () => void setImmediate(expire));
    const work = (async () => fn(limit))();
    work.then(resolve, reject).finally(() => {
      settled = true;
      clearTimeout(timer);
    });
  });
}

/**
 * Waits for `work`, at most `ms` milliseconds: for a stop, which goes on without it.
 * @returns Whether it has finished. Rejects when `work` rejects in time.
 */
export const finishesWithin = (ms: number, work: Promise<unknown>): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const timer = startTimer(ms, () => resolve(false));
    work.then(() => resolve(true), reject).finally(() => clearTimeout(timer));
  });
