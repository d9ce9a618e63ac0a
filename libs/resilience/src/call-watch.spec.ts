import { NotFound } from '@causeway/errors';
import { jest } from '@jest/globals';
import {
  BulkheadFull,
  CallWatch,
  createPolicy,
  Deadline,
  DeadlineExceeded,
  isOverload,
  Overloaded,
  withDeadline,
} from './index.js';

beforeEach(() => void jest.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void jest.useRealTimers());

const hang = () => new Promise<never>(() => undefined);
let names = 0;

/** The breaker after 40 calls of this kind. */
async function breakerAfter(work: () => Promise<unknown>, deadlineMs: number, timeoutMs?: number) {
  const policy = createPolicy(`blame-${(names += 1)}`, { breaker: {}, ...(timeoutMs && { timeoutMs }) });
  const calls = Array.from({ length: 40 }, () =>
    policy.execute(work, { deadline: Deadline.after(deadlineMs) }).catch(() => undefined),
  );
  await jest.advanceTimersByTimeAsync(5_000);
  await Promise.all(calls);
  return policy.state().breaker!.state;
}

test('overload is told apart from failure', () => {
  expect([new Overloaded(), new BulkheadFull('x')].map(isOverload)).toEqual([true, true]);
  expect([new NotFound('x'), new DeadlineExceeded(), new Error('x')].map(isOverload)).toEqual([false, false, false]);
});

test('a dependency that has too much work does not open the breaker, one that fails does', async () => {
  expect(await breakerAfter(() => Promise.reject(new Overloaded()), 3_000)).toBe('closed');
  expect(await breakerAfter(() => Promise.reject(new Error('broken')), 3_000)).toBe('open');
});

test('silence counts once the dependency has had a fair time, or the timeout of the call itself', async () => {
  expect(await breakerAfter(hang, 50)).toBe('closed');
  expect(await breakerAfter(hang, 1_500)).toBe('open');
  expect(await breakerAfter(hang, 3_000, 50)).toBe('open');
});

test('a response that says "too late" counts where the time was fair', () => {
  for (const [givenMs, theirs] of [
    [20, false],
    [3_000, true],
  ] as const) {
    const watch = withDeadline(Deadline.after(givenMs), () => new CallWatch());
    jest.advanceTimersByTime(10);
    expect([givenMs, watch.latenessIsFailure]).toEqual([givenMs, theirs]);
  }
});

test('silence does not count in a process that was too busy to read the response', () => {
  jest.useRealTimers();
  const watch = new CallWatch({ ownLimitMs: 20 });
  while (watch.ms < 150); // the event loop stands still
  expect(watch.silenceIsFailure).toBe(false);
});
