/** An error that waiting will not fix: it ends {@link eventually} immediately. */
export class Final extends Error {}

/**
 * Calls `probe` every 100 ms until it returns something truthy; errors count as not yet.
 * @throws after `withinMs` milliseconds
 */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  withinMs = 30_000,
): Promise<T> {
  const limitAt = performance.now() + withinMs;
  for (;;) {
    const found = await probe().catch((error: unknown) => {
      if (error instanceof Final || performance.now() > limitAt) throw error;
    });
    if (found) return found;
    if (performance.now() > limitAt) throw new Error(`waited ${withinMs / 1_000} s for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
