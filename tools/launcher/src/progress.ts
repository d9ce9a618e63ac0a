/** A piece of work and what to call it. */
export interface Named<T> {
  readonly name: string;
  readonly work: Promise<T>;
}

export const named = <T>(name: string, work: Promise<T>): Named<T> => ({ name, work });

/**
 * Waits for all of them, and says what it still waits for after 2 s and then every 5 s: silence looks like a
 * standstill.
 * @throws the first failure, but only when every one has come to an end: what starts late would be overlooked by a
 * stop.
 */
export async function allOf<T extends readonly unknown[]>(
  say: (line: string) => void,
  work: readonly [...{ [K in keyof T]: Named<T[K]> }],
): Promise<T> {
  const pending = new Set(work.map(({ name }) => name));
  let seconds = 0;
  const timer = setInterval(() => {
    seconds += 1;
    if (seconds === 2 || seconds % 5 === 0) say(`waiting for ${[...pending].join(', ')}: ${seconds} s`);
  }, 1_000);
  const results = await Promise.allSettled(work.map((one) => one.work.finally(() => pending.delete(one.name))));
  clearInterval(timer);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}
