import { CodedError, errorCodes } from '@causeway/errors';
import { getLogger } from '@causeway/telemetry';
import { CallWatch, isOverload } from './call-watch.js';
import { Breaker, type BreakerOptions, type BreakerState } from './breaker.js';
import { Bulkhead, type BulkheadOptions } from './bulkhead.js';
import { currentDeadline, type Deadline } from './deadline.js';
import { BulkheadFull, CircuitOpen, DeadlineExceeded, Overloaded } from './errors.js';
import { callCounter, observePolicies, retryCounter, spanEvent } from './instruments.js';
import { fullJitterMs } from './jitter.js';
import { RetryBudget } from './retry-budget.js';
import { sleep } from './shared-timer.js';
import { within } from './timeout.js';

const logger = getLogger('resilience');

export interface RetryOptions {
  /** Attempts in all, the first included. Default 2. */
  readonly maxAttempts?: number;
  /** Ceiling of the first delay, milliseconds. Default 50. */
  readonly baseMs?: number;
  /** Upper bound of any delay, milliseconds. Default 1 000. */
  readonly capMs?: number;
  /** Retries per call in the long run, 0 to 1. Default 0.1. */
  readonly budgetRatio?: number;
}

/** A part that is left out is not applied; `{}` applies it with its defaults. */
export interface PolicyOptions {
  /** Limit of one attempt, milliseconds; the deadline of the caller bounds all attempts together. Default: the deadline only. */
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
  /** Whether another attempt may help. Default {@link isRetryable}. Say no for work that is not safe to repeat. */
  readonly retryable?: (error: unknown) => boolean;
  /**
   * Whether the breaker counts an error as a failure. Default {@link isDependencyFailure}. It is not asked about overload, nor about a
   * DeadlineExceeded that says nothing about the dependency: too little time was given, or this process was too busy to hear the answer.
   */
  readonly countsAsFailure?: (error: unknown) => boolean;
  /** Default: the one that is in force. */
  readonly deadline?: Deadline;
}

type CallOutcome = 'success' | 'failure' | 'timeout' | 'circuit_open' | 'bulkhead_full';

/** What `/governance` shows. */
export interface PolicyState {
  readonly name: string;
  readonly timeoutMs?: number;
  readonly breaker?: { readonly state: BreakerState; readonly calls: number; readonly failures: number };
  readonly bulkhead?: {
    readonly active: number;
    readonly queued: number;
    readonly maxConcurrent: number;
    readonly maxQueue: number;
  };
  readonly retry?: { readonly maxAttempts: number; readonly budgetTokens: number; readonly retries: number };
  /** Since the start of the process. */
  readonly outcomes: Readonly<Record<CallOutcome, number>>;
}

export interface Policy {
  readonly name: string;
  /**
   * Runs `fn` under the policy: retry ( bulkhead ( breaker ( timeout ( fn )))). Nothing is started after the deadline.
   * @throws DeadlineExceeded, CircuitOpen, BulkheadFull, or what `fn` threw last.
   */
  execute<T>(fn: (context: AttemptContext) => Promise<T>, options?: ExecuteOptions): Promise<T>;
  state(): PolicyState;
}

/** A CodedError that says so. What another policy refused is not tried again: retries belong to the immediate caller. */
export const isRetryable = (error: unknown): boolean =>
  error instanceof CodedError && error.retryable && !isRefusal(error);

/** Everything except a CodedError below 500: a dependency that answers "no such order" is well. */
export const isDependencyFailure = (error: unknown): boolean =>
  !(error instanceof CodedError) || errorCodes[error.code].status >= 500;

const isRefusal = (error: unknown): boolean =>
  error instanceof DeadlineExceeded ||
  error instanceof CircuitOpen ||
  error instanceof BulkheadFull ||
  error instanceof Overloaded;

const registry = new Map<string, Policy>();
observePolicies(() => policies());

/** The state of every policy of this process. */
export const policies = (): PolicyState[] => [...registry.values()].map((policy) => policy.state());

/**
 * Makes the policy for calls to one dependency; keep it, its state is the point. A second policy of the same name replaces the first
 * in {@link policies}.
 * @param name The dependency: `payment`, `psp.charge`. It is a metric label: never an id.
 */
export function createPolicy(name: string, options: PolicyOptions = {}): Policy {
  const policy = new ComposedPolicy(name, options);
  registry.set(name, policy);
  return policy;
}

class ComposedPolicy implements Policy {
  private readonly breaker?: Breaker;
  private readonly bulkhead?: Bulkhead;
  private readonly budget?: RetryBudget;
  private readonly maxAttempts: number;
  private readonly outcomes: Record<CallOutcome, number> = {
    success: 0,
    failure: 0,
    timeout: 0,
    circuit_open: 0,
    bulkhead_full: 0,
  };
  private retries = 0;

  constructor(
    readonly name: string,
    private readonly options: PolicyOptions,
  ) {
    if (options.breaker) this.breaker = new Breaker(name, options.breaker, (state) => this.breakerChanged(state));
    if (options.bulkhead) this.bulkhead = new Bulkhead(name, options.bulkhead);
    if (options.retry) this.budget = new RetryBudget(options.retry.budgetRatio);
    this.maxAttempts = options.retry ? (options.retry.maxAttempts ?? 2) : 1;
  }

  async execute<T>(fn: (context: AttemptContext) => Promise<T>, options: ExecuteOptions = {}): Promise<T> {
    const deadline = options.deadline ?? currentDeadline();
    this.budget?.deposit();
    for (let attempt = 1; ; attempt += 1) {
      try {
        const result = await this.attempt(fn, attempt, deadline, options);
        this.count('success');
        return result;
      } catch (error) {
        const delayMs = this.retryDelayMs(error, attempt, deadline, options);
        if (delayMs === undefined) {
          this.count(outcomeOf(error));
          throw error;
        }
        await sleep(delayMs);
      }
    }
  }

  state(): PolicyState {
    const { name, breaker, bulkhead, budget } = this;
    return {
      name,
      ...(this.options.timeoutMs !== undefined && { timeoutMs: this.options.timeoutMs }),
      ...(breaker && { breaker: { state: breaker.state, ...breaker.counts() } }),
      ...(bulkhead && {
        bulkhead: {
          active: bulkhead.active,
          queued: bulkhead.queued,
          maxConcurrent: bulkhead.maxConcurrent,
          maxQueue: bulkhead.maxQueue,
        },
      }),
      ...(budget && {
        retry: { maxAttempts: this.maxAttempts, budgetTokens: Math.floor(budget.tokens), retries: this.retries },
      }),
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
    const entered = this.bulkhead?.acquire(deadline?.remainingMs() ?? Infinity);
    if (entered) await entered;
    try {
      const limited = () => this.limited(fn, attempt, deadline);
      if (!this.breaker) return await limited();
      const watch = new CallWatch({ ownLimitMs: this.options.timeoutMs });
      return await this.breaker.execute(limited, (error) => isTheirs(error, watch) && countsAsFailure(error));
    } finally {
      this.bulkhead?.release();
    }
  }

  private limited<T>(
    fn: (context: AttemptContext) => Promise<T>,
    attempt: number,
    deadline: Deadline | undefined,
  ): Promise<T> {
    const limitMs = Math.min(this.options.timeoutMs ?? Infinity, deadline?.remainingMs() ?? Infinity);
    if (limitMs === Infinity) return fn({ signal: neverAborted, attempt });
    return within(
      limitMs,
      (holder) => fn(new LimitedAttempt(holder, attempt)),
      () => new DeadlineExceeded(`${this.name} did not answer within ${Math.round(limitMs)} ms`),
    );
  }

  /** Undefined: the error is final. */
  private retryDelayMs(
    error: unknown,
    attempt: number,
    deadline: Deadline | undefined,
    options: ExecuteOptions,
  ): number | undefined {
    const { baseMs = 50, capMs = 1_000 } = this.options.retry ?? {};
    if (attempt >= this.maxAttempts || isRefusal(error) || !(options.retryable ?? isRetryable)(error)) return undefined;
    const delayMs = fullJitterMs(attempt, baseMs, capMs, this.options.random);
    if (deadline && deadline.remainingMs() <= delayMs) return this.noRetry('deadline');
    if (!this.budget?.tryWithdraw()) return this.noRetry('budget');
    this.retries += 1;
    retryCounter.add(1, { policy: this.name, decision: 'retried' });
    spanEvent('resilience.retry', { policy: this.name, attempt: attempt + 1, delayMs });
    return delayMs;
  }

  private noRetry(reason: 'deadline' | 'budget'): undefined {
    retryCounter.add(1, { policy: this.name, decision: `refused_${reason}` });
    spanEvent('resilience.no_retry', { policy: this.name, reason });
  }

  private count(outcome: CallOutcome): void {
    this.outcomes[outcome] += 1;
    callCounter.add(1, { policy: this.name, outcome });
    if (outcome !== 'success' && outcome !== 'failure') spanEvent(`resilience.${outcome}`, { policy: this.name });
  }

  private breakerChanged(state: BreakerState): void {
    spanEvent('resilience.breaker', { policy: this.name, state });
    const level = state === 'open' ? 'warn' : 'info';
    logger[level](
      { policy: this.name, state, ...this.breaker?.counts() },
      `circuit breaker of ${this.name} is ${state}`,
    );
  }
}

/** Whether an error can be held against the dependency at all. */
const isTheirs = (error: unknown, watch: CallWatch): boolean =>
  !isOverload(error) && (!(error instanceof DeadlineExceeded) || watch.silenceIsFailure);

const neverAborted = new AbortController().signal;

class LimitedAttempt implements AttemptContext {
  constructor(
    private readonly holder: { readonly signal: AbortSignal },
    readonly attempt: number,
  ) {}

  get signal(): AbortSignal {
    return this.holder.signal;
  }
}

function outcomeOf(error: unknown): CallOutcome {
  if (error instanceof CircuitOpen) return 'circuit_open';
  if (error instanceof BulkheadFull) return 'bulkhead_full';
  return error instanceof DeadlineExceeded ? 'timeout' : 'failure';
}
