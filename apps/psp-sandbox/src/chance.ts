import { createHash } from 'node:crypto';

/**
 * Returns a seeded random number without keeping state: the same seed and labels give the same number, in any order and
 * after any restart.
 * @returns 0 (inclusive) to 1 (exclusive).
 */
export function chance(seed: number, ...labels: readonly (string | number)[]): number {
  return (
    createHash('sha256')
      .update([seed, ...labels].join('|'))
      .digest()
      .readUIntBE(0, 6) /
    2 ** 48
  );
}
