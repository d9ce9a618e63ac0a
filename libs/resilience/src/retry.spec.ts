import { NotFound } from '@causeway/errors';
import { jest } from '@jest/globals';
import { fail, hang, policyOf, settled, Unavailable } from '../test/calls.js';
import { BulkheadFull, CircuitOpen, Deadline, DeadlineExceeded, isRetryable } from './index.js';

beforeEach(() => void jest.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void jest.useRealTimers());

test('a retryable error is tried once more, after a jittered pause', async () => {
  const attempts: { attempt: number; at: number }[] = [];
  const start = performance.now();
  const { value } = await settled(
    policyOf({ retry: {} }).execute(({ attempt }) => {
      attempts.push({ attempt, at: performance.now() - start });
      return attempt === 1 ? fail() : Promise.resolve('answer');
    }),
  );
  expect(value).toBe('answer');
  expect(attempts).toEqual([
    { attempt: 1, at: 0 },
    { attempt: 2, at: 25 },
  ]);
});

test('the second failure is final', async () => {
  let calls = 0;
  const { error } = await settled(policyOf({ retry: {} }).execute(() => ((calls += 1), fail())));
  expect([calls, (error as Error).message]).toEqual([2, 'down']);
});

test.each([
  ['an error that a retry can’t help', () => Promise.reject(new NotFound('order 1')), {}],
  ['an unknown error', () => Promise.reject(new TypeError('bug')), {}],
  ['the limit of the call', hang, { timeoutMs: 10 }],
  ['a caller that says no', fail, { retryable: () => false }],
])(
  '%s is not tried again',
  async (_what, work, { timeoutMs, retryable }: { timeoutMs?: number; retryable?: () => boolean }) => {
    let calls = 0;
    const policy = policyOf({ retry: { maxAttempts: 5 }, ...(timeoutMs && { timeoutMs }) });
    await settled(policy.execute(() => ((calls += 1), work()), { ...(retryable && { retryable }) }));
    expect(calls).toBe(1);
  },
);

test('what an inner policy refused is not tried again by an outer one, whatever the caller thinks', async () => {
  let calls = 0;
  const refused = () => ((calls += 1), Promise.reject(new CircuitOpen('inner', 1_000)));
  await settled(policyOf({ retry: {} }).execute(refused, { retryable: () => true }));
  expect(calls).toBe(1);
  for (const error of [new CircuitOpen('inner', 1_000), new BulkheadFull('inner'), new DeadlineExceeded()])
    expect([error.retryable, isRetryable(error)]).toEqual([true, false]);
  expect(isRetryable(new Unavailable('down'))).toBe(true);
});

test('of a hundred failing calls at most twenty are retried', async () => {
  let calls = 0;
  const policy = policyOf({ retry: { budgetRatio: 0.1 } });
  for (let index = 0; index < 100; index += 1) await settled(policy.execute(() => ((calls += 1), fail())));
  expect(calls).toBeGreaterThan(110);
  expect(calls).toBeLessThanOrEqual(120);
  expect(policy.state().retry).toMatchObject({ retries: calls - 100, budgetTokens: 0 });
});

test('no retry when its pause would outlast the deadline', async () => {
  let calls = 0;
  const policy = policyOf({ retry: { baseMs: 500 } });
  const { error } = await settled(policy.execute(() => ((calls += 1), fail()), { deadline: Deadline.after(200) }));
  expect([calls, (error as Error).message]).toEqual([1, 'down']);
});
