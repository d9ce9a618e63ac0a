import { FailureWindow } from './failure-window.js';

function windowAt() {
  const clock = { now: 1_000_000 };
  return { clock, window: new FailureWindow(10_000, () => clock.now) };
}

test('failures of a busy moment don’t count an hour later', () => {
  const { clock, window } = windowAt();
  for (let call = 0; call < 19; call += 1) window.record(true);
  clock.now += 3_600_000;
  window.record(true);
  expect(window.counts()).toEqual({ calls: 1, failures: 1 });
});

test('the window slides: a call counts for nine to ten seconds', () => {
  const { clock, window } = windowAt();
  window.record(true);
  clock.now += 8_999;
  expect(window.counts().failures).toBe(1);
  clock.now += 1_001;
  expect(window.counts().failures).toBe(0);
});
