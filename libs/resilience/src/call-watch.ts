import { performance as node } from 'node:perf_hooks';
import { currentDeadline } from './deadline.js';

/**
 * Silence of the other side counts as its failure only after this long, milliseconds. Clients shorten deadlines: with
 * less time, a healthy service could not have answered either.
 */
const minFairWaitMs = 1_000;
/** A process that was busy for this share of a call may simply not have read the response yet. */
const saturatedShare = 0.8;
/** A call shorter than this does not show how busy the process is, milliseconds. */
const minMeasuredMs = 100;

/** A reading serves all calls of this time, milliseconds: taking one costs more than everything else in here. */
const readingMs = 5;
const reading = { at: -Infinity, busyMs: 0 };

/** How long this process has been busy since its start, at most 5 ms ago. */
function recentlyBusyMs(): number {
  const now = performance.now();
  // The clock of a test may go back.
  if (now < reading.at || now - reading.at >= readingMs)
    Object.assign(reading, { at: now, busyMs: node.eventLoopUtilization().active });
  return reading.busyMs;
}

/** Watches one call, to decide afterwards whether a missing response is the other side's failure. */
export class CallWatch {
  private readonly startedAt = performance.now();
  private readonly busyBefore = recentlyBusyMs();
  private readonly fairWaitMs: number;
  private readonly givenMs: number;

  /**
   * @param limits.ownLimitMs The limit set for calls of this kind; where it is shorter than a second, that is a fair
   *   wait. Default none.
   * @param limits.givenMs    The time the other side had for this call. Default: what is left of the deadline in force.
   */
  constructor({ ownLimitMs = Infinity, givenMs }: { readonly ownLimitMs?: number; readonly givenMs?: number } = {}) {
    this.fairWaitMs = Math.min(minFairWaitMs, ownLimitMs);
    this.givenMs = givenMs ?? currentDeadline()?.remainingMs() ?? Infinity;
  }

  /** Since the call began, milliseconds. */
  get ms(): number {
    return performance.now() - this.startedAt;
  }

  /** True when the other side had a fair time to respond, and this process had the time to read it. */
  get silenceIsFailure(): boolean {
    // A timer may fire a fraction of a millisecond early.
    return this.ms + 1 >= this.fairWaitMs && !this.saturated;
  }

  /** The same for a response that itself says that the time was not enough. */
  get latenessIsFailure(): boolean {
    return this.givenMs >= this.fairWaitMs && !this.saturated;
  }

  /** True when this process was busy nearly all the time. */
  get saturated(): boolean {
    const { ms } = this;
    return ms >= minMeasuredMs && node.eventLoopUtilization().active - this.busyBefore >= saturatedShare * ms;
  }
}
