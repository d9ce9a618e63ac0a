import { NotFound } from '@causeway/errors';
import { exportMetrics, type ExportedMetrics } from '@causeway/telemetry/testing';
import { Admission, createPolicy } from './index.js';

let metrics: ExportedMetrics;
beforeAll(async () => {
  metrics = await exportMetrics();
});
afterAll(() => metrics.stop());

test('what policies know is exported: calls, retries and what is left of their budget, breaker, bulkhead', async () => {
  const policy = createPolicy('exported', {
    retry: { baseMs: 0 },
    breaker: {},
    bulkhead: { maxConcurrent: 1, maxQueue: 1 },
  });
  const labels = { policy: 'exported' };
  expect(await metrics.value('resilience_retry_budget_left', labels)).toBe(10);
  const failing = () => policy.execute(() => Promise.reject(new NotFound('thing 7')), { retryable: () => true });
  for (let call = 0; call < 3; call += 1) await failing().catch(() => undefined);
  expect(await metrics.value('resilience_retry_budget_left', labels)).toBe(7);
  expect(await metrics.value('resilience_policy_retries_total', { ...labels, decision: 'retried' })).toBe(3);
  expect(await metrics.value('resilience_policy_calls_total', { ...labels, outcome: 'failure' })).toBe(3);

  const hung = Promise.withResolvers<void>();
  const calls = [1, 2].map(() => policy.execute(() => hung.promise));
  await new Promise(setImmediate);
  expect(await metrics.value('resilience_bulkhead_active', labels)).toBe(1);
  expect(await metrics.value('resilience_bulkhead_queued', labels)).toBe(1);
  expect(await metrics.value('resilience_breaker_state', labels)).toBe(0);
  hung.resolve();
  await Promise.all(calls);
});

test('what an admission knows is exported: queues, waits, and what it refused', async () => {
  const admission = new Admission('exported-slots', 1);
  const leave = await admission.acquire('request');
  const labels = { admission: 'exported-slots', kind: 'request' };
  const waiting = admission.acquire('request');
  await admission.acquire('request', 0).catch(() => undefined);
  expect(await metrics.value('admission_queued', labels)).toBe(1);
  expect(await metrics.value('admission_shed_total', { ...labels, reason: 'expected' })).toBe(1);
  leave();
  await waiting;
  expect(await metrics.value('admission_wait_duration_count', labels)).toBe(1);
});
