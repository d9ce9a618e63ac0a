import type { AttackAnswer } from '../client.js';

/** No request may take longer, on a machine that is not slow. Milliseconds. */
const longestMs = 2_000;
/** How much longer than a request that does nothing: more than a busy machine explains. */
const factor = 20;
const attempts = 3;

/**
 * Whether a request is slow by itself. A machine that is slow, or busy, makes any request slow; so a request that took
 * over 2 s is repeated, alone, each time between two control requests. It is at fault if it takes over 2 s and over 20
 * times as long as both of them, three times out of three.
 * @returns the fault
 */
export async function tooSlow(
  tookMs: number,
  again: () => Promise<AttackAnswer>,
  control: () => Promise<AttackAnswer>,
): Promise<string | undefined> {
  const measured: string[] = [];
  for (let ms = tookMs; ms > longestMs && measured.length < attempts;) {
    const before = (await control()).ms;
    ({ ms } = await again());
    const usual = Math.max(before, (await control()).ms);
    if (ms <= usual * factor) return undefined;
    measured.push(`${Math.round(ms)} ms beside ${Math.round(usual)} ms`);
  }
  return measured.length === attempts ? `slow each time: ${measured.join(', ')}` : undefined;
}
