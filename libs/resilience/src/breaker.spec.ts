import { NotFound } from '@causeway/errors';
import { jest } from '@jest/globals';
import { fail, hang, policyOf, settled } from '../test/calls.js';
import { CircuitOpen, Deadline, type PolicyOptions } from './index.js';

beforeEach(() => void jest.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void jest.useRealTimers());

const breaking = (extra: PolicyOptions = {}) => policyOf({ breaker: {}, ...extra });
async function open(policy: ReturnType<typeof breaking>): Promise<void> {
  for (let call = 0; call < 20; call += 1) await policy.execute(fail).catch(() => undefined);
}

test('after twenty failures calls are refused at once, and told when to come back', async () => {
  const policy = breaking();
  await open(policy);
  const { error } = await settled(policy.execute(() => Promise.resolve('not called')));
  expect(error).toMatchObject({ code: 'CIRCUIT_OPEN', retryAfterSeconds: 5 });
  expect(policy.state()).toMatchObject({ breaker: { state: 'open' }, outcomes: { failure: 20, circuit_open: 1 } });
});

test('answers below 500 are successes', async () => {
  const policy = breaking();
  for (let call = 0; call < 50; call += 1)
    await expect(policy.execute(() => Promise.reject(new NotFound('order 1')))).rejects.toThrow(NotFound);
  expect(policy.state().breaker).toEqual({ state: 'closed', calls: 50, failures: 0 });
});

test('what the caller does not count is no failure', async () => {
  const policy = breaking();
  for (let call = 0; call < 50; call += 1)
    await policy.execute(fail, { countsAsFailure: () => false }).catch(() => undefined);
  expect(policy.state().breaker).toMatchObject({ state: 'closed', failures: 0 });
});

test('calls that hang open it, too', async () => {
  // Long, because how busy this process is, which excuses the other side, is measured by a clock that is not fake.
  const policy = breaking({ timeoutMs: 30_000 });
  await settled(Promise.allSettled(Array.from({ length: 20 }, () => policy.execute(hang))));
  expect(policy.state().breaker?.state).toBe('open');
});

test('after five seconds three probes go through, everything else is refused; three answers close it', async () => {
  const policy = breaking();
  await open(policy);
  await jest.advanceTimersByTimeAsync(4_999);
  await expect(policy.execute(() => Promise.resolve())).rejects.toThrow(CircuitOpen);
  await jest.advanceTimersByTimeAsync(1);

  const release: (() => void)[] = [];
  const probes = Array.from({ length: 3 }, () =>
    policy.execute(() => new Promise<void>((resolve) => release.push(resolve))),
  );
  expect(policy.state().breaker?.state).toBe('half-open');
  await expect(policy.execute(() => Promise.resolve())).rejects.toThrow(CircuitOpen);
  expect(release).toHaveLength(3);
  for (const answer of release) answer();
  await Promise.all(probes);
  expect(policy.state().breaker?.state).toBe('closed');
  await expect(policy.execute(() => Promise.resolve('answer'))).resolves.toBe('answer');
});

test('one failing probe opens it again, for another five seconds', async () => {
  const policy = breaking();
  await open(policy);
  await jest.advanceTimersByTimeAsync(5_000);
  await policy.execute(() => Promise.resolve());
  await policy.execute(fail).catch(() => undefined);
  expect(policy.state().breaker?.state).toBe('open');
  await jest.advanceTimersByTimeAsync(4_990);
  await expect(policy.execute(() => Promise.resolve())).rejects.toThrow(CircuitOpen);
});

test('while the probes hang and take every slot of the bulkhead, others are refused at once instead of queueing', async () => {
  const policy = breaking({ bulkhead: { maxConcurrent: 3, maxQueue: 100 } });
  await open(policy);
  await jest.advanceTimersByTimeAsync(5_000);
  const probes = Array.from({ length: 3 }, () => policy.execute(hang, { deadline: Deadline.after(1_000) }));
  probes.forEach((probe) => void probe.catch(() => undefined));
  const refused = policy.execute(() => Promise.resolve(), { deadline: Deadline.after(1_000) });
  const outcome = expect(refused).rejects.toThrow(CircuitOpen);
  await jest.advanceTimersByTimeAsync(0);
  expect(policy.state().bulkhead?.queued).toBe(0);
  await jest.advanceTimersByTimeAsync(1_010);
  await outcome;
});

test('it opens at exactly half of twenty calls, and not below twenty', async () => {
  const policy = breaking();
  const states: (string | undefined)[] = [];
  for (let call = 0; call < 10; call += 1) await policy.execute(() => Promise.resolve());
  for (let call = 0; call < 10; call += 1) {
    states.push(policy.state().breaker?.state);
    await policy.execute(fail).catch(() => undefined);
  }
  expect([...states, policy.state().breaker?.state]).toEqual([...Array<string>(10).fill('closed'), 'open']);
});

test('less than half does not open it', async () => {
  const policy = breaking();
  for (let call = 0; call < 60; call += 1) await policy.execute(() => Promise.resolve());
  for (let call = 0; call < 59; call += 1) await policy.execute(fail).catch(() => undefined);
  expect(policy.state().breaker).toEqual({ state: 'closed', calls: 119, failures: 59 });
});

test('closing again forgets what led to opening', async () => {
  const policy = breaking();
  await open(policy);
  await jest.advanceTimersByTimeAsync(5_000);
  for (let probe = 0; probe < 3; probe += 1) await policy.execute(() => Promise.resolve());
  expect(policy.state().breaker).toEqual({ state: 'closed', calls: 0, failures: 0 });
});

test('a call that began before it opened decides nothing about the probes', async () => {
  const policy = breaking();
  let failOld: (error: Error) => void = () => undefined;
  const late = policy.execute(() => new Promise((_, reject) => (failOld = reject))).catch(() => undefined);
  await open(policy);
  await jest.advanceTimersByTimeAsync(5_000);
  await policy.execute(() => Promise.resolve());
  failOld(new Error('from before'));
  await late;
  expect(policy.state().breaker?.state).toBe('half-open');
  for (let probe = 0; probe < 2; probe += 1) await policy.execute(() => Promise.resolve());
  expect(policy.state().breaker?.state).toBe('closed');
});
