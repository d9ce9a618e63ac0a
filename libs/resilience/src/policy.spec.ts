import { policyOf } from '../test/calls.js';
import { policies } from './index.js';

test('every policy is listed with what it knows', () => {
  const policy = policyOf({ timeoutMs: 5, retry: {}, breaker: {}, bulkhead: { maxConcurrent: 3 } });
  expect(policies().find(({ name }) => name === policy.name)).toEqual({
    name: policy.name,
    timeoutMs: 5,
    retry: { maxAttempts: 2, budgetTokens: 10, retries: 0 },
    breaker: { state: 'closed', calls: 0, failures: 0 },
    bulkhead: { active: 0, queued: 0, maxConcurrent: 3, maxQueue: 0 },
    outcomes: { success: 0, failure: 0, timeout: 0, circuit_open: 0, bulkhead_full: 0 },
  });
});
