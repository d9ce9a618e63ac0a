import type { TraceSpan } from './trace-receiver.js';

/**
 * Waits until a trace has had no new span for a second; services export every half second.
 * @param withinMs Longest wait, milliseconds. Default 5 000.
 */
export async function collectTrace(
  trace: (traceId: string) => readonly TraceSpan[],
  traceId: string,
  withinMs = 5_000,
): Promise<readonly TraceSpan[]> {
  const limitAt = performance.now() + withinMs;
  let [count, since] = [0, performance.now()];
  for (;;) {
    const spans = trace(traceId);
    const now = performance.now();
    if (spans.length !== count) [count, since] = [spans.length, now];
    if ((count > 0 && now - since > 1_000) || now > limitAt) return spans;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
