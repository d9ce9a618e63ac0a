import { CodedError } from '@causeway/errors';
import { fullJitterMs, isOverload } from '@causeway/resilience';
import { consumerLimits } from './limits.js';

export type DeliveryOutcome =
  /** Our own database is away, or we have too much work: nobody's fault, and no attempt is used up. Held back and tried again here. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'retry'; readonly delayMs: number }
  | { readonly kind: 'dead-letter'; readonly why: string };

/**
 * What becomes of a message whose handler failed.
 *
 * - A CodedError that says a retry cannot help goes to the dead letters at once.
 * - An unreachable database is waited for: with 8 attempts an outage of two minutes would fill the dead letters with good messages. So is a
 *   part of the system that has too much work.
 * - Everything else comes back after a full-jitter delay, 8 attempts in all, then goes to the dead letters.
 *
 * @param attempt 1 for the first delivery.
 */
export function deliveryOutcomeOf(
  error: unknown,
  attempt: number,
  random: () => number = Math.random,
): DeliveryOutcome {
  if (isOverload(error) || (error instanceof CodedError && error.code === 'DATABASE_UNAVAILABLE'))
    return { kind: 'wait' };
  if (error instanceof CodedError && !error.retryable) return { kind: 'dead-letter', why: 'a retry cannot help' };
  const { maxAttempts, retryBaseMs, retryCapMs } = consumerLimits;
  if (attempt >= maxAttempts) return { kind: 'dead-letter', why: `failed ${attempt} times` };
  return { kind: 'retry', delayMs: fullJitterMs(attempt, retryBaseMs, retryCapMs, random) };
}
