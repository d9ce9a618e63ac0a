import { exportMetrics } from '@causeway/telemetry/testing';
import { LoginBusy } from './user.errors.js';
import { PasswordHasher } from './password-hasher.js';

const hasher = new PasswordHasher({ concurrency: 2, queue: 1 });

test('hashes are argon2id with the parameters of OWASP, each with its own salt', async () => {
  const [first, second] = await Promise.all([hasher.hash('Tulpen im November'), hasher.hash('Tulpen im November')]);
  expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(first).not.toBe(second);
});

test('only the right password matches', async () => {
  const stored = await hasher.hash('Tulpen im November');
  expect(await hasher.matches('Tulpen im November', stored)).toBe(true);
  expect(await hasher.matches('tulpen im November', stored)).toBe(false);
});

test('no password matches an unknown user, and the check takes as much work', async () => {
  const stored = await hasher.hash('Tulpen im November');
  const work = async (known: string | undefined) => {
    const before = process.cpuUsage();
    expect(await hasher.matches('not the right one', known)).toBe(false);
    return process.cpuUsage(before).user;
  };
  let [known, unknown] = [0, 0];
  for (let round = 0; round < 10; round++) {
    known += await work(stored);
    unknown += await work(undefined);
  }
  // Processor time does not count the wait for a core, but is kept roughly: without the work it is a hundredth.
  expect(unknown).toBeGreaterThan(known / 4);
});

test('what does not fit into the queue is refused at once, and can come back a second later', async () => {
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => hasher.hash('Tulpen im November')));
  const refused = results.filter((result) => result.status === 'rejected');
  expect(refused).toHaveLength(2);
  for (const { reason } of refused) {
    expect(reason).toBeInstanceOf(LoginBusy);
    expect(reason).toMatchObject({ retryable: true, retryAfterSeconds: 1 });
  }
  expect(await hasher.hash('Tulpen im November')).toEqual(expect.any(String));
});

test('hashes that wait for a slot are exported', async () => {
  const metrics = await exportMetrics();
  const hashing = Array.from({ length: 3 }, () => hasher.hash('Tulpen im November'));
  expect(await metrics.value('auth_password_hash_queued')).toBe(1);
  await Promise.all(hashing);
  expect(await metrics.value('auth_password_hash_queued')).toBe(0);
  await metrics.stop();
});

test.each([
  ['composed and decomposed letters', 'Tülpen im Növember', 'Tülpen im Növember'],
  ['full-width letters', 'Ｔｕｌｐｅｎ　ｉｍ　Ｎｏｖｅｍｂｅｒ', 'Tulpen im November'],
  ['ligatures', 'ﬁne tulips in ﬂower', 'fine tulips in flower'],
])('%s are one password, whichever was stored', async (_title, one, other) => {
  const [composed, decomposed] = [one.normalize('NFC'), other.normalize('NFD')];
  expect(composed).not.toBe(decomposed);
  expect(await hasher.matches(decomposed, await hasher.hash(composed))).toBe(true);
  expect(await hasher.matches(composed, await hasher.hash(decomposed))).toBe(true);
});
