import { CodedError } from '@causeway/errors';
import { jest } from '@jest/globals';
import { createPolicy, type Policy, type PolicyOptions } from '../src/index.js';

/** What a call to a dependency that is down throws. */
export class Unavailable extends CodedError {
  readonly code = 'DEPENDENCY_UNAVAILABLE';
  readonly remedy = 'Try again.';
  override readonly retryable = true;
}

export const fail = (): Promise<never> => Promise.reject(new Unavailable('down'));
export const hang = (): Promise<never> => new Promise<never>(() => undefined);

let names = 0;
/** A policy of its own name, whose jitter is half of each ceiling. */
export const policyOf = (options: PolicyOptions): Policy =>
  createPolicy(`test-${(names += 1)}`, { random: () => 0.5, ...options });

/** Lets fake timers run until the promise has settled. */
export async function settled<T>(work: Promise<T>): Promise<{ value?: T; error?: unknown }> {
  const outcome = work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  await jest.advanceTimersByTimeAsync(60_000);
  return outcome;
}
