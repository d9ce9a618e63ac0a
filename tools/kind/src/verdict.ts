import type { Failure } from './failures.js';
import type { LoadResult } from './load.js';

/** A kind of failure, and how often it happened in each phase. */
export interface Row {
  readonly kind: string;
  readonly baseline: number;
  readonly restarts: number;
  readonly control: number;
  /** What it counts as: `dropped`, `wrong answer`, `of the machine`, `of the load`. */
  readonly counts: 'dropped' | 'wrong answer' | 'of the machine' | 'of the load';
  /** The first of them, as it came. */
  readonly example: string;
}

export interface Phases {
  /** The same load while nothing is restarted. */
  readonly baseline: LoadResult;
  readonly restarts: LoadResult;
  /** A restart without any of the care; undefined where it was left out. */
  readonly control?: LoadResult;
}

export interface Verdict {
  readonly outcome: 'passed' | 'failed' | 'inconclusive';
  /** Every kind of failure, the most frequent first. */
  readonly rows: readonly Row[];
  /** One sentence. */
  readonly why: string;
}

/** A machine that fails more than this share of requests by itself can prove nothing about restarts. */
const tolerated = 0.01;

/**
 * Compares the phases. A kind that the baseline shows, too, is the machine's, as long as it does not become more
 * frequent.
 */
export function judge({ baseline, restarts, control }: Phases): Verdict {
  const rows = rowsOf({ baseline, restarts, control });
  const of = (counts: Row['counts']): number =>
    rows.filter((row) => row.counts === counts).reduce((sum, row) => sum + row.restarts, 0);
  const [dropped, wrong, machine] = [of('dropped'), of('wrong answer'), of('of the machine')];
  const end = (outcome: Verdict['outcome'], why: string): Verdict => ({ outcome, rows, why });

  if (dropped + wrong > 0)
    return end(
      'failed',
      `of ${restarts.requests} requests during the restarts ${dropped} were dropped and ${wrong} answered wrongly`,
    );
  if (baseline.orders === 0 || restarts.orders === 0)
    return end(
      'inconclusive',
      `no order was placed ${baseline.orders === 0 ? 'before' : 'during'} the restarts, so there was nothing to lose`,
    );
  const failing = Math.max(machine / restarts.requests, machineShare(rows, baseline));
  if (failing > tolerated)
    return end(
      'inconclusive',
      `this machine fails ${(failing * 100).toFixed(1)} % of the requests without any restart: give it less load (--customers) or more time`,
    );
  if (control && controlDrops(baseline, control) === 0)
    return end(
      'inconclusive',
      'the control, a restart without drain, dropped nothing: this load would not see a dropped request',
    );
  return end(
    'passed',
    `${restarts.requests} requests and ${restarts.orders} orders during the restarts, none dropped, all orders CONFIRMED`,
  );
}

const machineShare = (rows: readonly Row[], { requests }: LoadResult): number =>
  rows.filter(({ counts }) => counts === 'of the machine').reduce((sum, row) => sum + row.baseline, 0) / requests;

/** How many requests of the control were dropped beyond what the machine drops anyway. */
export const controlDrops = (baseline: LoadResult, control: LoadResult): number =>
  rowsOf({ baseline, restarts: control }).reduce(
    (sum, { counts, restarts }) => sum + (counts === 'dropped' ? restarts : 0),
    0,
  );

function rowsOf({ baseline, restarts, control }: Phases): Row[] {
  const all = [baseline, restarts, ...(control ? [control] : [])].flatMap(({ failures }) => failures);
  const kinds = [...new Map(all.map((failure) => [failure.kind, failure])).values()];
  const count = (phase: LoadResult | undefined, { kind }: Failure): number =>
    phase?.failures.filter((failure) => failure.kind === kind).length ?? 0;
  return kinds
    .map((kind) => {
      const counted = {
        baseline: count(baseline, kind),
        restarts: count(restarts, kind),
        control: count(control, kind),
      };
      const expected = (counted.baseline / Math.max(1, baseline.requests)) * restarts.requests;
      return { kind: kind.kind, ...counted, counts: countsAs(kind, counted, expected), example: kind.detail };
    })
    .sort((a, b) => b.restarts - a.restarts || b.control - a.control || b.baseline - a.baseline);
}

/** Chance alone makes rare things some times as frequent as before. */
function countsAs(
  { cause }: Failure,
  { baseline, restarts }: { baseline: number; restarts: number },
  expected: number,
): Row['counts'] {
  if (cause === 'stock' || cause === 'limited') return 'of the load';
  if (baseline > 0 && restarts <= 3 * expected + 3) return 'of the machine';
  return cause === 'dropped' ? 'dropped' : 'wrong answer';
}

/** As a table for the terminal; nothing where nothing failed. */
export function tableOf(rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  const cells = [
    ['failures by kind', 'baseline', 'restarts', 'control', 'counts as'],
    ...rows.map(({ kind, baseline, restarts, control, counts }) => [
      kind,
      `${baseline}`,
      `${restarts}`,
      `${control}`,
      counts,
    ]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const padded = cells.map((row) =>
    row
      .map((cell, column) => (column > 0 && column < 4 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
  return [...padded, ...rows.map(({ kind, example }) => `first ${kind}: ${example}`)];
}
