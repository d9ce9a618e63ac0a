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
    let settled = false;
    const expire = (): void => {
      if (settled) return;
      const error = timedOut();
      reject(error);
      controller.abort(error);
    };
    // Behind the poll phase: after a busy moment the event loop runs timers first, and a response that has already
    // arrived is read before it is called late.
    const timer = startTimer(ms, () => void setImmediate(expire));
    const work = (async () => fn(controller.signal))();
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
