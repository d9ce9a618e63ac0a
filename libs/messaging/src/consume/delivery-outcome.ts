import { CodedError } from '@causeway/errors';
import { fullJitterMs, isOverload } from '@causeway/resilience';
import { MessageAbandoned } from '../errors.js';
import { consumerLimits } from './limits.js';

/** What happens to a delivery whose handler failed. */
export type DeliveryOutcome =
  /** Hold the message in this process and run the handler again; the attempt does not count. */
  | { readonly kind: 'wait' }
  /** Hand it back to the broker, which redelivers it after `delayMs`. */
  | { readonly kind: 'retry'; readonly delayMs: number }
  /** Store it as a dead letter, then terminate it. */
  | { readonly kind: 'dead-letter'; readonly why: string };

/**
 * Decides what happens to a message whose handler failed with `error`.
 *
 * - Our own database is away, or a part of the system has too much work: wait. If these failures used up attempts, an
 *   outage of two minutes would move good messages to the dead letters.
 * - A CodedError that no retry can help: dead letter, at once.
 * - Anything else: retry after a full-jitter delay (ceiling 1 s, doubling to 60 s); dead letter after 8 attempts.
 *
 * @param attempt 1 for the first delivery.
 * @param random  0 to 1: the share of the ceiling that is waited.
 */
export function deliveryOutcomeOf(
  error: unknown,
  attempt: number,
  random: () => number = Math.random,
): DeliveryOutcome {
  if (isOverload(error) || hasCode(error, 'DATABASE_UNAVAILABLE')) return { kind: 'wait' };
  if (error instanceof MessageAbandoned) return { kind: 'dead-letter', why: 'given up before the server drops it' };
  if (error instanceof CodedError && !error.retryable) return { kind: 'dead-letter', why: 'a retry cannot help' };
  const { maxAttempts, retryBaseMs, retryCapMs } = consumerLimits;
  if (attempt >= maxAttempts) return { kind: 'dead-letter', why: `failed ${attempt} times` };
  return { kind: 'retry', delayMs: fullJitterMs(attempt, retryBaseMs, retryCapMs, random) };
}

const hasCode = (error: unknown, code: CodedError['code']): boolean =>
  error instanceof CodedError && error.code === code;
