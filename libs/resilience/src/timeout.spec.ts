import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { jest } from '@jest/globals';
import { hang, policyOf, settled } from '../test/calls.js';
import { Deadline, DeadlineExceeded, finishesWithin, withDeadline, withTimeout } from './index.js';

beforeEach(() => void jest.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void jest.useRealTimers());

test('an attempt ends at its limit and its signal aborts, although the work goes on', async () => {
  let heard: AbortSignal | undefined;
  const policy = policyOf({ timeoutMs: 100 });
  const { error } = await settled(policy.execute(({ signal }) => ((heard = signal), hang())));
  expect(error).toBeInstanceOf(DeadlineExceeded);
  expect((error as Error).message).toBe(`${policy.name} did not answer within 100 ms`);
  expect(heard?.aborted).toBe(true);
});

test('the deadline in force bounds a call that has a longer limit', async () => {
  const start = performance.now();
  let endedAt = 0;
  const policy = policyOf({ timeoutMs: 10_000 });
  await settled(
    withDeadline(Deadline.after(200), () => policy.execute(hang)).finally(() => (endedAt = performance.now())),
  );
  expect(endedAt - start).toBeGreaterThanOrEqual(200);
  expect(endedAt - start).toBeLessThan(210);
});

test('nothing is started after the deadline', async () => {
  let calls = 0;
  const work = policyOf({}).execute(() => Promise.resolve((calls += 1)), { deadline: Deadline.after(-1) });
  await expect(work).rejects.toThrow(DeadlineExceeded);
  expect(calls).toBe(0);
});

test('without any limit the signal never aborts', async () => {
  await expect(policyOf({}).execute(({ signal }) => Promise.resolve(signal.aborted))).resolves.toBe(false);
});

test('withTimeout rejects although the work ignores its signal, and aborts the signal', async () => {
  let heard: AbortSignal | undefined;
  const work = withTimeout(50, ({ signal }) => {
    heard = signal;
    return new Promise<never>(() => undefined);
  });
  const outcome = expect(work).rejects.toThrow('no answer within 50 ms');
  await jest.advanceTimersByTimeAsync(60);
  await outcome;
  expect(heard?.aborted).toBe(true);
});

test('withTimeout passes results and errors on, a synchronous throw included', async () => {
  await expect(withTimeout(50, () => Promise.resolve(7))).resolves.toBe(7);
  await expect(withTimeout(50, () => Promise.reject(new Error('below')))).rejects.toThrow('below');
  await expect(
    withTimeout(50, () => {
      throw new Error('at once');
    }),
  ).rejects.toThrow('at once');
});

test('finishesWithin tells whether the work was done in time, passes its error on, and leaves no timer', async () => {
  await expect(finishesWithin(50, Promise.resolve())).resolves.toBe(true);
  await expect(finishesWithin(50, Promise.reject(new Error('below')))).rejects.toThrow('below');
  expect(jest.getTimerCount()).toBe(0);
  const late = finishesWithin(50, hang());
  await jest.advanceTimersByTimeAsync(50);
  await expect(late).resolves.toBe(false);
});

test('a limit of any length, and one with a fraction, is never early', async () => {
  for (const ms of [0.5, 99.6, 2 ** 31]) {
    const start = performance.now();
    let endedAt: number | undefined;
    void finishesWithin(ms, hang()).then(() => (endedAt = performance.now()));
    await jest.advanceTimersByTimeAsync(Math.floor(ms));
    if (ms < 1_000) await jest.advanceTimersByTimeAsync(1);
    expect(endedAt === undefined || endedAt - start >= Math.min(ms, 2 ** 31 - 1)).toBe(true);
    expect(endedAt).toBeDefined();
  }
});

test('a response that arrived while the process was busy is not late', async () => {
  jest.useRealTimers();
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const client = connect((listener.address() as AddressInfo).port, '127.0.0.1');
  const [server] = (await once(listener, 'connection')) as [Socket];
  try {
    const response = once(client, 'data');
    const work = withTimeout(20, () => response);
    server.write('in time');
    await new Promise((resolve) => setImmediate(resolve));
    const until = performance.now() + 40;
    while (performance.now() < until);
    expect(String((await work)[0])).toBe('in time');
  } finally {
    client.destroy();
    server.destroy();
    listener.close();
  }
});
