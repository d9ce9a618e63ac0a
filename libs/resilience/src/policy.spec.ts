import { CodedError, NotFound } from '@causeway/errors';
import { jest } from '@jest/globals';
import {
  BulkheadFull,
  CircuitOpen,
  createPolicy,
  Deadline,
  DeadlineExceeded,
  isRetryable,
  policies,
  withDeadline,
  type PolicyOptions,
} from './index.js';

class Unavailable extends CodedError {
  readonly code = 'DEPENDENCY_UNAVAILABLE';
  readonly remedy = 'Try again.';
  override readonly retryable = true;
}

const fail = () => Promise.reject(new Unavailable('down'));
const hang = () => new Promise<never>(() => undefined);
let names = 0;
const policyOf = (options: PolicyOptions) => createPolicy(`test-${(names += 1)}`, { random: () => 0.5, ...options });

beforeEach(() => void jest.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void jest.useRealTimers());

/** Lets timers run until the promise has settled. */
async function settled<T>(work: Promise<T>): Promise<{ value?: T; error?: unknown }> {
  const outcome = work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  await jest.advanceTimersByTimeAsync(60_000);
  return outcome;
}

describe('retry', () => {
  test('a retryable error is tried once more, after a jittered pause', async () => {
    const attempts: { attempt: number; at: number }[] = [];
    const start = performance.now();
    const { value } = await settled(
      policyOf({ retry: {} }).execute(({ attempt }) => {
        attempts.push({ attempt, at: performance.now() - start });
        return attempt === 1 ? fail() : Promise.resolve('answer');
      }),
    );
    expect(value).toBe('answer');
    expect(attempts).toEqual([
      { attempt: 1, at: 0 },
      { attempt: 2, at: 25 },
    ]);
  });

  test('the second failure is final', async () => {
    let calls = 0;
    const { error } = await settled(policyOf({ retry: {} }).execute(() => ((calls += 1), fail())));
    expect([calls, (error as Error).message]).toEqual([2, 'down']);
  });

  test.each([
    ['an error that a retry can’t help', () => Promise.reject(new NotFound('order 1')), {}],
    ['an unknown error', () => Promise.reject(new TypeError('bug')), {}],
    ['the limit of the call', hang, { timeoutMs: 10 }],
    ['a caller that says no', fail, { retryable: () => false }],
  ])(
    '%s is not tried again',
    async (_what, work, { timeoutMs, retryable }: { timeoutMs?: number; retryable?: () => boolean }) => {
      let calls = 0;
      const policy = policyOf({ retry: { maxAttempts: 5 }, ...(timeoutMs && { timeoutMs }) });
      await settled(policy.execute(() => ((calls += 1), work()), { ...(retryable && { retryable }) }));
      expect(calls).toBe(1);
    },
  );

  test('what an inner policy refused is not tried again by an outer one, whatever the caller thinks', async () => {
    let calls = 0;
    const refused = () => ((calls += 1), Promise.reject(new CircuitOpen('inner', 1_000)));
    await settled(policyOf({ retry: {} }).execute(refused, { retryable: () => true }));
    expect(calls).toBe(1);
    for (const error of [new CircuitOpen('inner', 1_000), new BulkheadFull('inner'), new DeadlineExceeded()])
      expect([error.retryable, isRetryable(error)]).toEqual([true, false]);
    expect(isRetryable(new Unavailable('down'))).toBe(true);
  });

  test('of a hundred failing calls at most twenty are retried', async () => {
    let calls = 0;
    const policy = policyOf({ retry: { budgetRatio: 0.1 } });
    for (let index = 0; index < 100; index += 1) await settled(policy.execute(() => ((calls += 1), fail())));
    expect(calls).toBeGreaterThan(110);
    expect(calls).toBeLessThanOrEqual(120);
    expect(policy.state().retry).toMatchObject({ retries: calls - 100, budgetTokens: 0 });
  });

  test('no retry when its pause would outlast the deadline', async () => {
    let calls = 0;
    const policy = policyOf({ retry: { baseMs: 500 } });
    const { error } = await settled(policy.execute(() => ((calls += 1), fail()), { deadline: Deadline.after(200) }));
    expect([calls, (error as Error).message]).toEqual([1, 'down']);
  });
});

describe('time', () => {
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
});

describe('breaker', () => {
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
    const policy = breaking({ timeoutMs: 100 });
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
});

describe('bulkhead', () => {
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
});

test('every policy is listed with what it knows', () => {
  const policy = policyOf({ timeoutMs: 5, retry: {}, breaker: {}, bulkhead: { maxConcurrent: 3 } });
  expect(policies().find(({ name }) => name === policy.name)).toEqual({
    name: policy.name,
    timeoutMs: 5,
    retry: { maxAttempts: 2, budgetTokens: 10, retries: 0 },
    breaker: { state: 'closed', calls: 0, failures: 0 },
    bulkhead: { active: 0, queued: 0, maxConcurrent: 3, maxQueue: 0 },
    outcomes: { success: 0, failure: 0, timeout: 0, circuit_open: 0, bulkhead_full: 0 },
  });
});
