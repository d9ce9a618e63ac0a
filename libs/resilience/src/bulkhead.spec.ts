import { jest } from '@jest/globals';
import { hang, policyOf, settled } from '../test/calls.js';
import { Bulkhead } from './bulkhead.js';
import { BulkheadFull, DeadlineExceeded } from './index.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test('so many calls run, so many queue, one more is refused', () => {
  const bulkhead = new Bulkhead('psp', { maxConcurrent: 2, maxQueue: 1 });
  expect(bulkhead.acquire(Infinity)).toBeUndefined();
  expect(bulkhead.acquire(Infinity)).toBeUndefined();
  void bulkhead.acquire(Infinity);
  expect(() => bulkhead.acquire(Infinity)).toThrow(BulkheadFull);
  expect(bulkhead.state()).toMatchObject({ active: 2, queued: 1 });
});

test('queued calls get their slots in order, and a newcomer can’t take one from them', async () => {
  const bulkhead = new Bulkhead('psp', { maxConcurrent: 1, maxQueue: 2 });
  const order: string[] = [];
  void bulkhead.acquire(Infinity);
  const first = Promise.resolve(bulkhead.acquire(Infinity)).then(() => order.push('first'));
  const second = Promise.resolve(bulkhead.acquire(Infinity)).then(() => order.push('second'));
  bulkhead.release();
  expect(bulkhead.state().active).toBe(1);
  const newcomer = Promise.resolve(bulkhead.acquire(Infinity)).then(() => order.push('newcomer'));
  await first;
  bulkhead.release();
  await second;
  bulkhead.release();
  await newcomer;
  expect(order).toEqual(['first', 'second', 'newcomer']);
  bulkhead.release();
  expect(bulkhead.state()).toMatchObject({ active: 0, queued: 0 });
});

test('a queued call whose time is over leaves its slot in the queue to another', async () => {
  const bulkhead = new Bulkhead('psp', { maxConcurrent: 1, maxQueue: 1 });
  void bulkhead.acquire(Infinity);
  const waiter = expect(bulkhead.acquire(100)).rejects.toThrow(DeadlineExceeded);
  await jest.advanceTimersByTimeAsync(110);
  await waiter;
  expect(bulkhead.state().queued).toBe(0);
  const next = bulkhead.acquire(100);
  bulkhead.release();
  await next;
  expect(bulkhead.state().active).toBe(1);
});

test('a call beyond slots and queue is refused; a slot is free again after a failure', async () => {
  const policy = policyOf({ bulkhead: { maxConcurrent: 1 }, timeoutMs: 100 });
  const hanging = policy.execute(hang);
  await expect(policy.execute(() => Promise.resolve())).rejects.toThrow(BulkheadFull);
  await settled(hanging);
  await expect(policy.execute(() => Promise.resolve('answer'))).resolves.toBe('answer');
  expect(policy.state()).toMatchObject({
    bulkhead: { active: 0, queued: 0, maxConcurrent: 1, maxQueue: 0 },
    outcomes: { success: 1, timeout: 1, bulkhead_full: 1 },
  });
});
