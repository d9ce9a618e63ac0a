import type { Blocked, PendingRow } from './rows.js';

const firstMs = 250;
const maxMs = 10_000;

interface Pause {
  readonly until: number;
  readonly failures: number;
  /** Whether a pass has begun since the pause was over. */
  offered: boolean;
}

/**
 * Which messages not to publish for a while, because publishing has just failed: 250 ms, doubling to 10 s.
 *
 * When the broker cannot store a message for a reason that concerns its whole stream (no leader, no stream), all
 * messages of that owner wait. When it refuses the message itself, only its aggregate waits: to skip one message would
 * break the order. Without a back-off, the failing rows of a partition would fill every batch and hold up all others.
 */
export class Backoff {
  private readonly types = new Map<string, Pause>();
  private readonly aggregates = new Map<string, Pause>();

  /** @param now Milliseconds of a clock that never goes back. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** @param refused The broker refused this message, and may take others of its stream. */
  failed(row: Pick<PendingRow, 'aggregate_type' | 'aggregate_id'>, refused: boolean): void {
    const [blocked, key] = refused ? [this.aggregates, row.aggregate_id] : [this.types, row.aggregate_type];
    const before = blocked.get(key);
    // Rows of one batch fail together, which counts as one failure.
    if (before && before.until > this.now()) return;
    const failures = (before?.failures ?? 0) + 1;
    blocked.set(key, { failures, until: this.now() + Math.min(maxMs, firstMs * 2 ** (failures - 1)), offered: false });
  }

  succeeded(row: Pick<PendingRow, 'aggregate_type' | 'aggregate_id'>): void {
    this.types.delete(row.aggregate_type);
    this.aggregates.delete(row.aggregate_id);
  }

  clear(): void {
    this.types.clear();
    this.aggregates.clear();
  }

  /**
   * Milliseconds until the first pause ends that no pass has looked behind yet; Infinity without one. A pause may end
   * between the pass that still kept to it and this question: then the next pass is due at once.
   */
  get untilNextMs(): number {
    const waits = [...this.types.values(), ...this.aggregates.values()]
      .filter(({ offered }) => !offered)
      .map(({ until }) => Math.max(0, until - this.now()));
    return Math.min(Infinity, ...waits);
  }

  /** What a pass that begins now leaves out. */
  beginPass(): Blocked {
    const now = this.now();
    const current = (from: ReadonlyMap<string, Pause>): string[] => {
      for (const pause of from.values()) pause.offered = pause.until <= now;
      return [...from].filter(([, { offered }]) => !offered).map(([key]) => key);
    };
    return { types: current(this.types), aggregates: current(this.aggregates) };
  }
}
