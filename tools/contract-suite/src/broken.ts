/** What a service does that its contract does not allow. The message says what was expected, and what came instead. */
export class ContractBroken extends Error {}

export function expectThat(holds: boolean, message: () => string): asserts holds {
  if (!holds) throw new ContractBroken(message());
}

/** @param what For the message: "status". */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [is, wanted] = [actual, expected].map((value) => JSON.stringify(value) ?? 'nothing');
  expectThat(is === wanted, () => `${what}: expected ${wanted}, got ${is}`);
}

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
  const until = performance.now() + withinMs;
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
