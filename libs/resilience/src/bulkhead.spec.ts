import { jest } from '@jest/globals';
import { Bulkhead } from './bulkhead.js';
import { BulkheadFull, DeadlineExceeded } from './index.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test('so many run, so many wait, one more is refused', () => {
  const bulkhead = new Bulkhead('psp', { maxConcurrent: 2, maxQueue: 1 });
  expect(bulkhead.acquire(Infinity)).toBeUndefined();
  expect(bulkhead.acquire(Infinity)).toBeUndefined();
  void bulkhead.acquire(Infinity);
  expect(() => bulkhead.acquire(Infinity)).toThrow(BulkheadFull);
  expect([bulkhead.active, bulkhead.queued]).toEqual([2, 1]);
});

test('waiters get their slots in order, and a newcomer can’t take one from them', async () => {
  const bulkhead = new Bulkhead('psp', { maxConcurrent: 1, maxQueue: 2 });
  const order: string[] = [];
  void bulkhead.acquire(Infinity);
  const first = Promise.resolve(bulkhead.acquire(Infinity)).then(() => order.push('first'));
  const second = Promise.resolve(bulkhead.acquire(Infinity)).then(() => order.push('second'));
  bulkhead.release();
  expect(bulkhead.active).toBe(1);
  const newcomer = Promise.resolve(bulkhead.acquire(Infinity)).then(() => order.push('newcomer'));
  await first;
  bulkhead.release();
  await second;
  bulkhead.release();
  await newcomer;
  expect(order).toEqual(['first', 'second', 'newcomer']);
  bulkhead.release();
  expect([bulkhead.active, bulkhead.queued]).toEqual([0, 0]);
});

test('a waiter whose time is over leaves its slot in the queue to another', async () => {
  const bulkhead = new Bulkhead('psp', { maxConcurrent: 1, maxQueue: 1 });
  void bulkhead.acquire(Infinity);
  const waiter = expect(bulkhead.acquire(100)).rejects.toThrow(DeadlineExceeded);
  await jest.advanceTimersByTimeAsync(110);
  await waiter;
  expect(bulkhead.queued).toBe(0);
  const next = bulkhead.acquire(100);
  bulkhead.release();
  await next;
  expect(bulkhead.active).toBe(1);
});
