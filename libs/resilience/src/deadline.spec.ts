import { jest } from '@jest/globals';
import { currentDeadline, Deadline, DeadlineExceeded, withDeadline, withoutDeadline } from './index.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test('the remaining time shrinks, and never becomes negative', () => {
  const deadline = Deadline.after(100);
  jest.advanceTimersByTime(60);
  expect([deadline.remainingMs(), deadline.toHeader(), deadline.expired]).toEqual([40, '40', false]);
  jest.advanceTimersByTime(60);
  expect([deadline.remainingMs(), deadline.toHeader(), deadline.expired]).toEqual([0, '0', true]);
  expect(() => deadline.throwIfExpired()).toThrow(DeadlineExceeded);
});

test('a header can shorten the time, never prolong it', () => {
  expect(Deadline.fromHeader('250', 3_000)?.remainingMs()).toBe(250);
  expect(Deadline.fromHeader('999999', 3_000)?.remainingMs()).toBe(3_000);
  expect(Deadline.fromHeader('0', 3_000)?.expired).toBe(true);
});

test.each([undefined, '', '-5', 'soon', '1e9', '12 ', 'NaN', 'Infinity'])(
  'the header %p is taken as missing',
  (value) => {
    expect(Deadline.fromHeader(value, 3_000)).toBeUndefined();
  },
);

test('a nested deadline is never later than the outer one', () => {
  const [short, long] = [Deadline.after(100), Deadline.after(1_000)];
  expect(withDeadline(short, () => withDeadline(long, currentDeadline))).toBe(short);
  expect(withDeadline(long, () => withDeadline(short, currentDeadline))).toBe(short);
  expect(withDeadline(short, () => withoutDeadline(currentDeadline))).toBeUndefined();
});

test('a deadline follows what the work awaits, and ends with it', async () => {
  const deadline = Deadline.after(100);
  const seen = withDeadline(deadline, async () => {
    await Promise.resolve();
    return currentDeadline();
  });
  expect(currentDeadline()).toBeUndefined();
  expect(await seen).toBe(deadline);
});

test('no timer exists until the signal is read; then it aborts in time', () => {
  const deadline = Deadline.after(100);
  expect(jest.getTimerCount()).toBe(0);
  const { signal } = deadline;
  expect(deadline.signal).toBe(signal);
  jest.advanceTimersByTime(99);
  expect(signal.aborted).toBe(false);
  jest.advanceTimersByTime(10);
  expect(signal.reason).toBeInstanceOf(DeadlineExceeded);
});

test('the signal of an expired deadline is aborted from the start', () => {
  expect(Deadline.after(-1).signal.aborted).toBe(true);
});
