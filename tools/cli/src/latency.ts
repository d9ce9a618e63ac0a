import type { MetricSample } from '@causeway/telemetry/samples';

/** What an instance handles: HTTP requests, RPCs and messages. */
const durations = ['http_server_request_duration', 'rpc_server_call_duration', 'messaging_process_duration'];

/**
 * The time within which an instance has handled a share of everything since it started, interpolated within its bucket
 * as Prometheus does (`histogram_quantile`).
 * @param share 0 to 1.
 * @returns Milliseconds; undefined when it has handled nothing.
 */
export function quantileMs(samples: readonly MetricSample[], share: number): number | undefined {
  const counts = new Map<number, number>();
  for (const { name, labels, value } of samples) {
    if (!durations.some((duration) => name === `${duration}_bucket`)) continue;
    const bound = Number(labels['le']?.replace('+Inf', 'Infinity'));
    counts.set(bound, (counts.get(bound) ?? 0) + value);
  }
  const buckets = [...counts].toSorted(([a], [b]) => a - b);
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total === 0) return undefined;
  let [lower, below] = [0, 0];
  for (const [bound, count] of buckets) {
    if (count >= share * total)
      return (
        1_000 * (bound === Infinity ? lower : lower + ((bound - lower) * (share * total - below)) / (count - below))
      );
    [lower, below] = [bound, count];
  }
  return undefined;
}
