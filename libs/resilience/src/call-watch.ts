import { performance as node } from 'node:perf_hooks';
import { CodedError, type ErrorCode } from '@causeway/errors';
import { currentDeadline } from './deadline.js';

/** Milliseconds after which silence may be the other side's fault. Whoever was given less had no fair chance: clients shorten deadlines. */
const minFairWaitMs = 1_000;
/** A process that was busy for this share of a call may simply not have got round to reading the answer. */
const saturated = 0.8;
/** Shorter than this says nothing about how busy a process is, milliseconds. */
const tellingMs = 100;

/** What says "too much work", not "broken". */
const overloadCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['OVERLOADED', 'BULKHEAD_FULL', 'LOGIN_BUSY']);

/** Whether an error tells of too much work, here or on the other side. It trips no breaker, and no instance is taken out for it. */
export const isOverload = (error: unknown): boolean => error instanceof CodedError && overloadCodes.has(error.code);

/** Watches one call, to tell afterwards whose fault it is that no answer came. */
export class CallWatch {
  private readonly startedAt = performance.now();
  private readonly before = node.eventLoopUtilization();
  private readonly ownLimitMs: number;
  private readonly givenMs: number;

  /**
   * @param limits.ownLimitMs A limit that is set for calls of this kind; where it is shorter than a second, that is fair. Default none.
   * @param limits.givenMs What the other side was given for this call. Default: what is left of the deadline in force.
   */
  constructor({ ownLimitMs = Infinity, givenMs }: { readonly ownLimitMs?: number; readonly givenMs?: number } = {}) {
    this.ownLimitMs = ownLimitMs;
    this.givenMs = givenMs ?? currentDeadline()?.remainingMs() ?? Infinity;
  }

  /** Since the call began, milliseconds. */
  get ms(): number {
    return performance.now() - this.startedAt;
  }

  /** True when the other side had a fair time to answer, and this process had the time to hear it. */
  get silenceIsFailure(): boolean {
    const { ms } = this;
    // A timer may fire a fraction of a millisecond early.
    return ms + 1 >= Math.min(minFairWaitMs, this.ownLimitMs) && !this.saturated;
  }

  /** The same, for an other side that says itself that the time was not enough. */
  get latenessIsFailure(): boolean {
    return this.givenMs >= Math.min(minFairWaitMs, this.ownLimitMs) && !this.saturated;
  }

  /** This process was busy nearly all the time. */
  get saturated(): boolean {
    const { ms } = this;
    return ms >= tellingMs && node.eventLoopUtilization().active - this.before.active >= saturated * ms;
  }
}
