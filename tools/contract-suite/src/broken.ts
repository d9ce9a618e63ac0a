/** What a service does that its contract does not allow. The message says what was expected, and what came instead. */
export class ContractBroken extends Error {}

export function expectThat(holds: boolean, message: () => string): asserts holds {
  if (!holds) throw new ContractBroken(message());
}

/** Compares as JSON. @param what For the message: "status". */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [is, wanted] = [actual, expected].map((value) => JSON.stringify(value, inOrder) ?? 'nothing');
  expectThat(is === wanted, () => `${what}: expected ${wanted}, got ${is}`);
}

/** The order of the fields of an object means nothing in JSON. */
const inOrder = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/** How long the suite waits for what should happen: a multiple of the usual limits. Tests of the suite lower it. */
export const patience = { factor: 1 };

/**
 * Asks until the answer is truthy; an error counts as not yet.
 * @param what For the message: "the message is acknowledged".
 * @param withinMs Limit, milliseconds. Default 20 000: it ends waits that would last for ever, and measures nothing.
 */
export async function eventually<T>(
  what: string | (() => string),
  probe: () => T | Promise<T>,
  withinMs = 20_000,
): Promise<Exclude<Awaited<T>, false | undefined | null | 0 | ''>> {
  const until = performance.now() + withinMs * patience.factor;
  let last: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found) return found as Exclude<Awaited<T>, false | undefined | null | 0 | ''>;
    } catch (error) {
      last = error;
    }
    if (performance.now() > until)
      throw new ContractBroken(
        `waited ${withinMs / 1_000} s in vain: ${typeof what === 'string' ? what : what()}${last instanceof Error ? ` (${last.message})` : ''}`,
      );
    await pause(50);
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
