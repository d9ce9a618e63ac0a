import { CircuitState } from 'cockatiel';
import { FailureWindow } from './failure-window.js';

const closed = CircuitState.Closed;

function windowAt(threshold = 0.5, minCalls = 20) {
  const clock = { now: 1_000_000 };
  return { clock, window: new FailureWindow(threshold, minCalls, 10_000, () => clock.now) };
}

test('it opens at exactly half of twenty calls, and not below twenty', () => {
  const { window } = windowAt();
  for (let call = 0; call < 10; call += 1) window.success(closed);
  const answers = Array.from({ length: 10 }, () => window.failure(closed));
  expect(answers).toEqual([...Array<boolean>(9).fill(false), true]);
});

test('less than half does not open it', () => {
  const { window } = windowAt();
  for (let call = 0; call < 60; call += 1) window.success(closed);
  const answers = Array.from({ length: 59 }, () => window.failure(closed));
  expect(answers).not.toContain(true);
});

test('failures of a busy moment don’t count an hour later', () => {
  const { clock, window } = windowAt();
  for (let call = 0; call < 19; call += 1) window.failure(closed);
  clock.now += 3_600_000;
  expect(window.failure(closed)).toBe(false);
  expect(window.counts()).toEqual({ calls: 1, failures: 1 });
});

test('the window slides: a call counts for nine to ten seconds', () => {
  const { clock, window } = windowAt();
  window.failure(closed);
  clock.now += 8_999;
  expect(window.counts().failures).toBe(1);
  clock.now += 1_001;
  expect(window.counts().failures).toBe(0);
});

test('closing again forgets what led to opening', () => {
  const { window } = windowAt();
  for (let call = 0; call < 30; call += 1) window.failure(closed);
  window.success(CircuitState.HalfOpen);
  expect(window.counts()).toEqual({ calls: 1, failures: 0 });
});
