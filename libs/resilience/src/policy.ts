import { CodedError, errorCodes } from '@causeway/errors';
import { getLogger } from '@causeway/telemetry';
import { Breaker, type BreakerCounts, type BreakerOptions, type BreakerState } from './breaker.js';
import { Bulkhead, type BulkheadOptions, type BulkheadState } from './bulkhead.js';
import { CallWatch } from './call-watch.js';
import { currentDeadline, type Deadline } from './deadline.js';
import { BulkheadFull, CircuitOpen, DeadlineExceeded, isOverload } from './errors.js';
import { callCounter, observePolicies, spanEvent } from './instruments.js';
import { Retry, type RetryOptions, type RetryState } from './retry.js';
import { LazySignal, withTimeout } from './timeout.js';
import { pause } from './timer.js';

const log = getLogger('resilience');

/** A part that is left out is not applied; `{}` applies it with its defaults. */
export interface PolicyOptions {
  /**
   * Limit of one attempt, milliseconds; the caller's deadline bounds all attempts together. Default: the deadline only.
   */
  readonly timeoutMs?: number;
  readonly retry?: RetryOptions;
  readonly breaker?: BreakerOptions;
  readonly bulkhead?: BulkheadOptions;
  /** For tests: the source of jitter, 0 to 1. */
  readonly random?: () => number;
}

export interface AttemptContext {
  /** Aborts when the time of this attempt is over. */
  readonly signal: AbortSignal;
  /** 1 for the first. */
  readonly attempt: number;
}

export interface ExecuteOptions {
  /** Whether another attempt may help. Default `isRetryable`. Return false for work that must not be repeated. */
  readonly retryable?: (error: unknown) => boolean;
  /**
   * Whether the breaker counts an error as a failure. Default {@link isDependencyFailure}. Not asked about overload,
   * nor about a DeadlineExceeded that tells nothing about the dependency: it had too little time, or this process was
   * too busy to read the response.
   */
  readonly countsAsFailure?: (error: unknown) => boolean;
  /** Default: the one in force. */
  readonly deadline?: Deadline;
}

type CallOutcome = 'success' | 'failure' | 'timeout' | 'circuit_open' | 'bulkhead_full';

/** What `/governance` shows. */
export interface PolicyState {
  readonly name: string;
  readonly timeoutMs?: number;
  readonly breaker?: BreakerCounts & { readonly state: BreakerState };
  readonly bulkhead?: BulkheadState;
  readonly retry?: RetryState;
  /** Since the start of the process. */
  readonly outcomes: Readonly<Record<CallOutcome, number>>;
}

export interface Policy {
  readonly name: string;
  /**
   * Runs `fn` under the policy: retry ( bulkhead ( breaker ( timeout ( fn )))). Nothing starts after the deadline.
   * @throws DeadlineExceeded, CircuitOpen, BulkheadFull, or what `fn` threw last.
   */
  execute<T>(fn: (context: AttemptContext) => Promise<T>, options?: ExecuteOptions): Promise<T>;
  state(): PolicyState;
}

/** Everything except a CodedError below 500: a dependency that answers "no such order" is healthy. */
export const isDependencyFailure = (error: unknown): boolean =>
  !(error instanceof CodedError) || errorCodes[error.code].status >= 500;

const registry = new Map<string, Policy>();
observePolicies(() => policies());

/** The state of every policy of this process. */
export const policies = (): PolicyState[] => [...registry.values()].map((policy) => policy.state());

/**
 * Makes the policy for calls to one dependency. Keep it: its state is the point. A second policy of the same name
 * replaces the first in {@link policies}.
 * @param name The dependency: `payment`, `psp.charge`. It is a metric label: never an id.
 */
export function createPolicy(name: string, options: PolicyOptions = {}): Policy {
  const policy = new ComposedPolicy(name, options);
  registry.set(name, policy);
  return policy;
}

/** An attempt without a limit: nothing aborts it. */
class Attempt extends LazySignal implements AttemptContext {
  constructor(readonly attempt: number) {
    super();
  }
}

const noOptions: ExecuteOptions = {};

class ComposedPolicy implements Policy {
  private readonly timeoutMs: number | undefined;
  private readonly watchOptions: { readonly ownLimitMs?: number };
  /** Made once: a record for each call would be the larger part of counting it. */
  private readonly labels: Readonly<Record<CallOutcome, { readonly policy: string; readonly outcome: CallOutcome }>>;
  private readonly breaker?: Breaker;
  private readonly bulkhead?: Bulkhead;
  private readonly retry?: Retry;
  private readonly outcomes: Record<CallOutcome, number> = mapOutcomes(() => 0);

  constructor(
    readonly name: string,
    { timeoutMs, breaker, bulkhead, retry, random }: PolicyOptions,
  ) {
    this.timeoutMs = timeoutMs;
    this.watchOptions = timeoutMs === undefined ? {} : { ownLimitMs: timeoutMs };
    this.labels = mapOutcomes((outcome) => ({ policy: name, outcome }));
    if (breaker) this.breaker = new Breaker(name, breaker, (state, counts) => this.breakerChanged(state, counts));
    if (bulkhead) this.bulkhead = new Bulkhead(name, bulkhead);
    if (retry) this.retry = new Retry(name, retry, random);
  }

  async execute<T>(fn: (context: AttemptContext) => Promise<T>, options: ExecuteOptions = noOptions): Promise<T> {
    const deadline = options.deadline ?? currentDeadline();
    this.retry?.deposit();
    for (let attempt = 1; ; attempt += 1) {
      try {
        const result = await this.attempt(fn, attempt, deadline, options);
        this.count('success');
        return result;
      } catch (error) {
        const delayMs = this.retry?.delayMs(error, attempt, deadline, options.retryable);
        if (delayMs === undefined) {
          this.count(callOutcomeOf(error));
          throw error;
        }
        await pause(delayMs);
      }
    }
  }

  state(): PolicyState {
    const { name, timeoutMs, breaker, bulkhead, retry } = this;
    return {
      name,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(breaker && { breaker: { state: breaker.state, ...breaker.counts() } }),
      ...(bulkhead && { bulkhead: bulkhead.state() }),
      ...(retry && { retry: retry.state() }),
      outcomes: { ...this.outcomes },
    };
  }

  private async attempt<T>(
    fn: (context: AttemptContext) => Promise<T>,
    attempt: number,
    deadline: Deadline | undefined,
    { countsAsFailure = isDependencyFailure }: ExecuteOptions,
  ): Promise<T> {
    deadline?.throwIfExpired();
    // Before the queue, too: with every slot taken by calls that hang, an open breaker must still refuse at once.
    this.breaker?.check();
    const acquired = this.bulkhead?.acquire(deadline?.remainingMs() ?? Infinity);
    if (acquired) await acquired;
    try {
      if (!this.breaker) return await this.limited(fn, attempt, deadline);
      const begunIn = this.breaker.begin();
      const watch = new CallWatch(this.watchOptions);
      try {
        const result = await this.limited(fn, attempt, deadline);
        this.breaker.end(begunIn, false);
        return result;
      } catch (error) {
        this.breaker.end(begunIn, mayBeFailure(error, watch) && countsAsFailure(error));
        throw error;
      }
    } finally {
      this.bulkhead?.release();
    }
  }

  private limited<T>(
    fn: (context: AttemptContext) => Promise<T>,
    attempt: number,
    deadline: Deadline | undefined,
  ): Promise<T> {
    const limitMs = Math.min(this.timeoutMs ?? Infinity, deadline?.remainingMs() ?? Infinity);
    if (limitMs === Infinity) return fn(new Attempt(attempt));
    return withTimeout(
      limitMs,
      (limit) =>
        fn({
          attempt,
          get signal() {
            return limit.signal;
          },
        }),
      () => new DeadlineExceeded(`${this.name} did not answer within ${Math.round(limitMs)} ms`),
    );
  }

  private count(outcome: CallOutcome): void {
    this.outcomes[outcome] += 1;
    callCounter.add(1, this.labels[outcome]);
    if (outcome !== 'success' && outcome !== 'failure') spanEvent(`resilience.${outcome}`, { policy: this.name });
  }

  private breakerChanged(state: BreakerState, counts: BreakerCounts): void {
    spanEvent('resilience.breaker', { policy: this.name, state });
    const level = state === 'open' ? 'warn' : 'info';
    log[level]({ policy: this.name, state, ...counts }, `circuit breaker of ${this.name} is ${state}`);
  }
}

const mapOutcomes = <T>(of: (outcome: CallOutcome) => T): Record<CallOutcome, T> => ({
  success: of('success'),
  failure: of('failure'),
  timeout: of('timeout'),
  circuit_open: of('circuit_open'),
  bulkhead_full: of('bulkhead_full'),
});

/** Whether an error can be the dependency's fault at all. */
const mayBeFailure = (error: unknown, watch: CallWatch): boolean =>
  !isOverload(error) && (!(error instanceof DeadlineExceeded) || watch.silenceIsFailure);

function callOutcomeOf(error: unknown): CallOutcome {
  if (error instanceof CircuitOpen) return 'circuit_open';
  if (error instanceof BulkheadFull) return 'bulkhead_full';
  return error instanceof DeadlineExceeded ? 'timeout' : 'failure';
}
