import { CodedError, type ErrorCode } from '@causeway/errors';

/** The time for the work is over: the deadline of the request, or the timeout of one call. */
export class DeadlineExceeded extends CodedError {
  readonly code = 'DEADLINE_EXCEEDED';
  readonly remedy = 'Try again; if it stays slow, look at the trace for the part that takes the time.';
  override readonly retryable = true;

  /** @param what For example `payment did not answer within 1000 ms`. */
  constructor(what = 'the deadline has passed', options?: ErrorOptions) {
    super(what, options);
  }
}

/** The circuit breaker suspends calls to a dependency that fails too often. */
export class CircuitOpen extends CodedError {
  readonly code = 'CIRCUIT_OPEN';
  readonly remedy = 'Wait until the dependency has recovered; calls are tried again after a few seconds.';
  override readonly retryable = true;
  override readonly retryAfterSeconds: number;

  /** @param retryAfterMs Until the next probe, milliseconds. */
  constructor(policy: string, retryAfterMs: number) {
    super(`calls to ${policy} are suspended after too many failures`);
    this.retryAfterSeconds = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  }
}

/** Every slot for calls to a dependency is taken, and the queue is full. */
export class BulkheadFull extends CodedError {
  readonly code = 'BULKHEAD_FULL';
  readonly remedy = 'Try again with less concurrency, or raise the limit of the dependency.';
  override readonly retryable = true;
  override readonly retryAfterSeconds = 1;

  constructor(policy: string) {
    super(`too many concurrent calls to ${policy}`);
  }
}

/**
 * This process has more work than it can do in time. Nothing was done, and nothing is broken. `causeway-overloaded`
 * tells callers that this is not a failure: it opens no breaker and ejects no instance.
 */
export class Overloaded extends CodedError {
  readonly code = 'OVERLOADED';
  readonly remedy =
    'Nothing was done. Try again after Retry-After seconds, with the same Idempotency-Key where there is one.';
  override readonly retryable = true;
  override readonly retryAfterSeconds = 1;

  constructor(what = 'too much work at the moment', options?: ErrorOptions) {
    super(what, options);
  }
}

const overloadCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['OVERLOADED', 'BULKHEAD_FULL', 'LOGIN_BUSY']);

/**
 * Whether an error means "too much work", here or on the other side. Overload opens no breaker and ejects no instance.
 */
export const isOverload = (error: unknown): boolean => error instanceof CodedError && overloadCodes.has(error.code);
