import { DeadlineExceeded } from './errors.js';
import { startTimer } from './timer.js';

/**
 * Gives `fn` at most `ms` milliseconds, and rejects then whether `fn` listens to its signal or not. What `fn` does
 * afterwards is ignored.
 * @param timedOut Makes the error, which is also the reason of the abort. Default DeadlineExceeded.
 */
export function withTimeout<T>(
  ms: number,
  fn: (signal: AbortSignal) => Promise<T>,
  timedOut: () => Error = () => new DeadlineExceeded(`no answer within ${ms} ms`),
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const controller = new AbortController();
    const timer = startTimer(ms, () => {
      const error = timedOut();
      reject(error);
      controller.abort(error);
    });
    const work = (async () => fn(controller.signal))();
    work.then(resolve, reject).finally(() => clearTimeout(timer));
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
