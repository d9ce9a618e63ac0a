/**
 * Full-jitter delay before a retry (AWS Architecture Blog, "Exponential Backoff And Jitter").
 * @param attempt 1 for the first retry.
 * @param baseMs  Ceiling of the first delay, milliseconds; it doubles with each attempt.
 * @param capMs   Upper bound of any delay, milliseconds.
 * @param random  0 to 1. Default Math.random.
 */
export function fullJitterMs(
  attempt: number,
  baseMs: number,
  capMs: number,
  random: () => number = Math.random,
): number {
  return Math.round(random() * Math.min(capMs, baseMs * 2 ** Math.max(0, attempt - 1)));
}
