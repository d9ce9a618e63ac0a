/** What was scheduled; give it to {@link cancel} once it is of no use. */
export interface Scheduled {
  readonly tick: number;
  readonly run: () => void;
  readonly holdsProcess: boolean;
}

/** Milliseconds: things due in the same tick share one wake-up, so anything runs up to this much late, and never early. */
const tickMs = 5;
/** A wake-up that is this late got lost: a test replaced the timers by fake ones, or back. Another is ordered. */
const overdueTicks = 20;

/**
 * One timer for everything. A call that ends in time costs a Set insertion and a deletion; a timer of its own costs ten times as much, and
 * an AbortController on top is what makes cockatiel's timeout take 4.3 µs (measured; handwritten, all four
 * protections of a call take 0.2 µs).
 */
const due = new Map<number, Set<Scheduled>>();
/** Ascending. New ones nearly always belong at the end, because limits are few and time goes on. */
const ticks: number[] = [];
let timer: NodeJS.Timeout | undefined;
let timerTick = Infinity;
let holding = 0;

/**
 * Runs `run` once, `ms` from now.
 * @param holdsProcess Whether the process must stay alive for it. Default true.
 */
export function schedule(ms: number, run: () => void, holdsProcess = true): Scheduled {
  const now = performance.now();
  const tick = Math.ceil((now + Math.max(0, ms)) / tickMs);
  const scheduled: Scheduled = { tick, run, holdsProcess };
  const bucket = due.get(tick);
  if (bucket) bucket.add(scheduled);
  else {
    due.set(tick, new Set([scheduled]));
    insert(tick);
  }
  if (tick < timerTick || timerTick < now / tickMs - overdueTicks) arm(ticks[0]!);
  if (holdsProcess && ++holding === 1) timer?.ref();
  return scheduled;
}

/** Harmless when it has run already. */
export function cancel(scheduled: Scheduled): void {
  if (due.get(scheduled.tick)?.delete(scheduled) && scheduled.holdsProcess && --holding === 0) timer?.unref();
}

/** Resolves after `ms`. */
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => void schedule(ms, resolve));

function insert(tick: number): void {
  let index = ticks.length;
  while (index > 0 && ticks[index - 1]! > tick) index -= 1;
  ticks.splice(index, 0, tick);
}

function arm(tick: number): void {
  clearTimeout(timer);
  timerTick = tick;
  // Node truncates fractions: without rounding up, the wake-up comes a moment early and finds nothing due.
  timer = setTimeout(wake, Math.max(1, Math.ceil(tick * tickMs - performance.now())));
  if (holding === 0) timer.unref();
}

function wake(): void {
  timerTick = Infinity;
  const now = performance.now() / tickMs;
  while (ticks.length > 0 && ticks[0]! <= now) {
    const tick = ticks.shift()!;
    const bucket = due.get(tick)!;
    due.delete(tick);
    for (const { holdsProcess } of bucket) if (holdsProcess) holding -= 1;
    for (const { run } of bucket) run();
  }
  const next = ticks[0];
  if (next !== undefined && next < timerTick) arm(next);
}
