import { jest } from '@jest/globals';
import { cancel, schedule } from './shared-timer.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test('a thousand limits share one timer', () => {
  const ran: number[] = [];
  for (let index = 0; index < 1_000; index += 1) schedule(1_000 - index, () => ran.push(index));
  expect(jest.getTimerCount()).toBe(1);
  jest.advanceTimersByTime(1_010);
  expect(ran).toHaveLength(1_000);
  expect(ran[0]).toBeGreaterThan(ran.at(-1)!);
});

test.each([1, 4, 5, 6, 99, 250, 3_000])('%i ms: never early, at most 6 ms late', (ms) => {
  let at = 0;
  const start = performance.now();
  schedule(ms, () => (at = performance.now()));
  jest.advanceTimersByTime(ms + 10);
  expect(at - start).toBeGreaterThanOrEqual(ms);
  expect(at - start).toBeLessThanOrEqual(ms + 6);
});

test('what is cancelled does not run; cancelling twice, or afterwards, is harmless', () => {
  const ran: string[] = [];
  const first = schedule(50, () => ran.push('first'));
  const second = schedule(50, () => ran.push('second'));
  cancel(first);
  cancel(first);
  jest.advanceTimersByTime(60);
  cancel(second);
  expect(ran).toEqual(['second']);
});

test('something due earlier than what is waited for is not late', () => {
  const ran: string[] = [];
  schedule(500, () => ran.push('late'));
  schedule(20, () => ran.push('early'));
  jest.advanceTimersByTime(30);
  expect(ran).toEqual(['early']);
  jest.advanceTimersByTime(500);
  expect(ran).toEqual(['early', 'late']);
});

test('something scheduled by what runs is run, too', () => {
  const ran: string[] = [];
  schedule(10, () => schedule(10, () => ran.push('second')));
  jest.advanceTimersByTime(40);
  expect(ran).toEqual(['second']);
});

test('a wake-up that was lost with fake timers does not hold up what comes later', async () => {
  schedule(10, () => undefined);
  jest.useRealTimers();
  await new Promise((resolve) => setTimeout(resolve, 150));
  await new Promise<void>((resolve) => void schedule(10, resolve));
});
