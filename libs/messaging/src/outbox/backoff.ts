import type { Blocked, PendingRow } from './rows.js';

const firstMs = 250;
const maxMs = 10_000;

/**
 * What to leave alone for a while. When the broker cannot take a message for a reason that will hold for its whole stream (no leader, no
 * stream), all messages of that owner wait; when it refuses the message itself, only its aggregate waits, since order forbids to skip it.
 * Without this, the first failing rows of a partition would fill every batch, and nothing else would ever be published.
 */
export class Backoff {
  private readonly types = new Map<string, { until: number; failures: number }>();
  private readonly aggregates = new Map<string, { until: number; failures: number }>();

  /** @param now Milliseconds, any monotonic clock. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  failed(row: Pick<PendingRow, 'aggregate_type' | 'aggregate_id'>, refused: boolean): void {
    const [blocked, key] = refused ? [this.aggregates, row.aggregate_id] : [this.types, row.aggregate_type];
    const before = blocked.get(key);
    // Many rows of a batch fail together: that is one failure.
    if (before && before.until > this.now()) return;
    const failures = (before?.failures ?? 0) + 1;
    blocked.set(key, { failures, until: this.now() + Math.min(maxMs, firstMs * 2 ** (failures - 1)) });
  }

  succeeded(row: Pick<PendingRow, 'aggregate_type' | 'aggregate_id'>): void {
    this.types.delete(row.aggregate_type);
    this.aggregates.delete(row.aggregate_id);
  }

  clear(): void {
    this.types.clear();
    this.aggregates.clear();
  }

  get blocked(): Blocked {
    const now = this.now();
    const current = (from: ReadonlyMap<string, { until: number }>) =>
      [...from].filter(([, { until }]) => until > now).map(([key]) => key);
    return { types: current(this.types), aggregates: current(this.aggregates) };
  }
}
