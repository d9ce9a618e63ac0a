export { Admission, admissions, type AdmissionState, type Release } from './admission.js';
export { CallWatch } from './call-watch.js';
export type { BreakerOptions, BreakerState } from './breaker.js';
export type { BulkheadOptions } from './bulkhead.js';
export { currentDeadline, Deadline, withDeadline, withoutDeadline } from './deadline.js';
export { BulkheadFull, CircuitOpen, DeadlineExceeded, isOverload, Overloaded } from './errors.js';
export { fullJitterMs } from './jitter.js';
export {
  createPolicy,
  isDependencyFailure,
  policies,
  type AttemptContext,
  type ExecuteOptions,
  type Policy,
  type PolicyOptions,
  type PolicyState,
} from './policy.js';
export { isRetryable, type RetryOptions } from './retry.js';
export { RetryBudget } from './retry-budget.js';
export { WakeSignal } from './wake-signal.js';
export { finishesWithin, withTimeout } from './timeout.js';
export { untilReady, type UntilReadyOptions } from './until-ready.js';
export { asWork, currentWork, type WorkKind } from './work.js';
