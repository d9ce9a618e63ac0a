import { CodedError } from '@causeway/errors';
import type { Deadline } from './deadline.js';
import { BulkheadFull, CircuitOpen, DeadlineExceeded, Overloaded } from './errors.js';
import { retryCounter, spanEvent } from './instruments.js';
import { fullJitterMs } from './jitter.js';
import { RetryBudget } from './retry-budget.js';

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

/** What `/governance` shows. */
export interface RetryState {
  readonly maxAttempts: number;
  readonly budgetTokens: number;
  /** Since the start of the process. */
  readonly retries: number;
}

/** A refusal or a timeout of a policy. Trying again at once would repeat it. */
const isRefusal = (error: unknown): boolean =>
  error instanceof DeadlineExceeded ||
  error instanceof CircuitOpen ||
  error instanceof BulkheadFull ||
  error instanceof Overloaded;

/** A CodedError that is `retryable`, unless another policy rejected the call: retries belong to the immediate caller. */
export const isRetryable = (error: unknown): boolean =>
  error instanceof CodedError && error.retryable && !isRefusal(error);

/**
 * Decides whether and when a call is tried again: full jitter, within the deadline, and within a budget that all calls
 * of a policy share.
 */
export class Retry {
  private readonly maxAttempts: number;
  private readonly baseMs: number;
  private readonly capMs: number;
  private readonly budget: RetryBudget;
  private retries = 0;

  /** @param random 0 to 1. Default Math.random. */
  constructor(
    private readonly name: string,
    { maxAttempts = 2, baseMs = 50, capMs = 1_000, budgetRatio }: RetryOptions,
    private readonly random?: () => number,
  ) {
    this.maxAttempts = maxAttempts;
    this.baseMs = baseMs;
    this.capMs = capMs;
    this.budget = new RetryBudget(budgetRatio);
  }

  /** Credits the retry budget for one call. */
  deposit(): void {
    this.budget.deposit();
  }

  /**
   * @param attempt   The one that failed, 1 for the first.
   * @param retryable Whether another attempt may help.
   * @returns The pause before the next attempt, milliseconds; undefined when the error is final.
   */
  delayMs(
    error: unknown,
    attempt: number,
    deadline: Deadline | undefined,
    retryable: (error: unknown) => boolean = isRetryable,
  ): number | undefined {
    if (attempt >= this.maxAttempts || isRefusal(error) || !retryable(error)) return undefined;
    const delayMs = fullJitterMs(attempt, this.baseMs, this.capMs, this.random);
    if (deadline && deadline.remainingMs() <= delayMs) return this.refuse('deadline');
    if (!this.budget.tryWithdraw()) return this.refuse('budget');
    this.retries += 1;
    retryCounter.add(1, { policy: this.name, decision: 'retried' });
    spanEvent('resilience.retry', { policy: this.name, attempt: attempt + 1, delayMs });
    return delayMs;
  }

  state(): RetryState {
    return { maxAttempts: this.maxAttempts, budgetTokens: Math.floor(this.budget.tokens), retries: this.retries };
  }

  private refuse(reason: 'deadline' | 'budget'): undefined {
    retryCounter.add(1, { policy: this.name, decision: `refused_${reason}` });
    spanEvent('resilience.no_retry', { policy: this.name, reason });
  }
}
