export { Admission, admissions, type AdmissionState, type Release } from './admission.js';
export { CallWatch, isOverload } from './call-watch.js';
export type { BreakerOptions, BreakerState } from './breaker.js';
export type { BulkheadOptions } from './bulkhead.js';
export { currentDeadline, Deadline, withDeadline, withoutDeadline } from './deadline.js';
export { BulkheadFull, CircuitOpen, DeadlineExceeded, Overloaded } from './errors.js';
export { fullJitterMs } from './jitter.js';
export {
  createPolicy,
  isDependencyFailure,
  isRetryable,
  policies,
  type AttemptContext,
  type ExecuteOptions,
  type Policy,
  type PolicyOptions,
  type PolicyState,
  type RetryOptions,
} from './policy.js';
export { RetryBudget } from './retry-budget.js';
export { withTimeout } from './timeout.js';
export { asWork, currentWork, type WorkKind } from './work.js';
