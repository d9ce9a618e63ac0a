import { instruments, meter } from '@causeway/telemetry';
import { trace, type Attributes } from '@opentelemetry/api';
import type { BreakerState } from './breaker.js';

const metrics = meter('causeway.resilience');

/** One call of a policy, all its attempts together. */
export const callCounter = metrics.counter(instruments.policyCalls, {
  description: 'Calls through a policy by outcome',
  unit: '{call}',
});
export const retryCounter = metrics.counter(instruments.policyRetries, {
  description: 'Retries, and retries that were refused, by reason',
  unit: '{retry}',
});

/** Time that work queued for a slot; work that found one free is not recorded. */
export const waitDuration = metrics.duration(instruments.admissionWait, 'Time spent queueing for a slot');
export const shedCounter = metrics.counter(instruments.admissionShed, {
  description: 'Work refused because it would not have had its turn in time',
  unit: '{work}',
});

const breakerValue: Record<BreakerState, number> = { closed: 0, 'half-open': 1, open: 2 };

/** A policy as the gauges see it. */
interface Observed {
  readonly name: string;
  readonly breaker?: { readonly state: BreakerState };
  readonly bulkhead?: { readonly active: number; readonly queued: number };
  readonly retry?: { readonly budgetTokens: number };
}

/** Registers the gauges over all policies of the process. */
export function observePolicies(list: () => readonly Observed[]): void {
  metrics.gauge(
    instruments.policyBreakerState,
    { description: '0 closed, 1 half-open, 2 open', unit: '1' },
    (observe) => {
      for (const { name, breaker } of list()) if (breaker) observe(breakerValue[breaker.state], { policy: name });
    },
  );
  metrics.gauge(instruments.policyBulkheadActive, { description: 'Calls in flight', unit: '{call}' }, (observe) => {
    for (const { name, bulkhead } of list()) if (bulkhead) observe(bulkhead.active, { policy: name });
  });
  metrics.gauge(
    instruments.policyBulkheadQueued,
    { description: 'Calls that queue for a slot', unit: '{call}' },
    (observe) => {
      for (const { name, bulkhead } of list()) if (bulkhead) observe(bulkhead.queued, { policy: name });
    },
  );
  metrics.gauge(
    instruments.policyRetryBudget,
    { description: 'Retries that the budget would allow right now; 10 when it is full', unit: '{retry}' },
    (observe) => {
      for (const { name, retry } of list()) if (retry) observe(retry.budgetTokens, { policy: name });
    },
  );
}

/** Records on the active span what a policy decided. */
export function spanEvent(name: string, attributes: Attributes): void {
  const span = trace.getActiveSpan();
  if (span?.isRecording()) span.addEvent(name, attributes);
}

/** Registers the gauge over all admissions of the process. */
export function observeAdmissions(
  list: () => readonly {
    readonly name: string;
    readonly kinds: Readonly<Record<string, { readonly queued: number }>>;
  }[],
): void {
  metrics.gauge(
    instruments.admissionQueued,
    { description: 'Work that queues for a slot', unit: '{work}' },
    (observe) => {
      for (const { name, kinds } of list())
        for (const [kind, { queued }] of Object.entries(kinds)) observe(queued, { admission: name, kind });
    },
  );
}
