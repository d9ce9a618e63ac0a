/**
 * Reads a value for several gauges and exporters at once: who asks within a second gets the same reading. So two
 * exporters do not cut short each other's times, and nothing remote is asked more often than that.
 * @param now Milliseconds of a clock that never goes back. Default performance.now.
 */
export function sharedReading<T>(read: () => T, now: () => number = () => performance.now()): () => T {
  let last: { readonly at: number; readonly value: T } | undefined;
  return () => {
    const at = now();
    if (!last || at - last.at >= readingMs) last = { at, value: read() };
    return last.value;
  };
}

const readingMs = 1_000;
