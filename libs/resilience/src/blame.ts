import { performance as node } from 'node:perf_hooks';
import { CodedError, type ErrorCode } from '@causeway/errors';

/** Milliseconds after which silence may be the other side's fault. Whoever was given less had no fair chance: clients shorten deadlines. */
const fairMs = 1_000;
/** A process that was busy for this share of a call may simply not have got round to reading the answer. */
const saturated = 0.8;

/** What says "too much work", not "broken". */
const overloadCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['OVERLOADED', 'BULKHEAD_FULL', 'LOGIN_BUSY']);

/** Whether an error tells of too much work, here or on the other side. It trips no breaker, and no instance is taken out for it. */
export const isOverload = (error: unknown): boolean => error instanceof CodedError && overloadCodes.has(error.code);

/** Watches one call, to tell afterwards whose fault it is that no answer came. */
export class CallWatch {
  private readonly startedAt = performance.now();
  private readonly before = node.eventLoopUtilization();

  /** @param ownLimitMs A limit that is set for this very call, shorter than what is fair otherwise. Default none. */
  constructor(private readonly ownLimitMs = Infinity) {}

  /** Since the call began, milliseconds. */
  get ms(): number {
    return performance.now() - this.startedAt;
  }

  /** True when the other side had a fair time to answer, and this process had the time to hear it. */
  get silenceIsTheirs(): boolean {
    const { ms } = this;
    // A timer may fire a fraction of a millisecond early.
    if (ms + 1 < Math.min(fairMs, this.ownLimitMs)) return false;
    return node.eventLoopUtilization().active - this.before.active < saturated * ms;
  }
}
