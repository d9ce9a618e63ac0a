import type { Bar } from './section.js';

/** Somebody that is measured. */
export interface Contender {
  readonly name: string;
  /** One round. @returns The measured value. */
  measure(): Promise<number>;
}

/**
 * Measures all contenders in turn, round after round, so that a machine that becomes slower does so for everybody. A
 * first round warms up and does not count.
 */
export async function inTurn(
  contenders: readonly Contender[],
  rounds: number,
  say: (line: string) => void,
): Promise<Bar[]> {
  const values = contenders.map((): number[] => []);
  for (let round = 0; round <= rounds; round += 1) {
    say(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
    for (const [index, { measure }] of contenders.entries()) {
      const value = await measure();
      if (round > 0) values[index]!.push(value);
    }
  }
  return contenders.map(({ name }, index) => barOf(name, values[index]!));
}

/** Median and extremes. */
export function barOf(name: string, values: readonly number[]): Bar {
  const sorted = values.toSorted((a, b) => a - b);
  return { name, value: sorted[Math.floor(sorted.length / 2)]!, low: sorted[0]!, high: sorted.at(-1)! };
}

/**
 * A closed loop: so many at a time, for so long.
 * @returns How many were done a second.
 */
export async function perSecond(once: () => Promise<unknown>, inFlight: number, ms: number): Promise<number> {
  const begun = performance.now();
  let done = 0;
  const one = async (): Promise<void> => {
    while (performance.now() - begun < ms) {
      await once();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
  return (done / (performance.now() - begun)) * 1_000;
}
