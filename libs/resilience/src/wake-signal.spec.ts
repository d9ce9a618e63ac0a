import { WakeSignal } from './index.js';

test('wake ends the wait', async () => {
  const signal = new WakeSignal();
  const waiting = signal.wait(60_000);
  signal.wake();
  await waiting;
});

test('a wake while nothing is waiting is kept, once', async () => {
  const signal = new WakeSignal();
  signal.wake();
  signal.wake();
  await signal.wait(60_000);
  const startedAt = performance.now();
  await signal.wait(20);
  expect(performance.now() - startedAt).toBeGreaterThan(15);
});
