import { LoginBusy } from './errors.js';
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

test('nothing matches for somebody unknown, and finding that out takes as long', async () => {
  const stored = await hasher.hash('Tulpen im November');
  const timed = async (known: string | undefined) => {
    const start = performance.now();
    expect(await hasher.matches('not the right one', known)).toBe(false);
    return performance.now() - start;
  };
  const times = { known: [] as number[], unknown: [] as number[] };
  for (let round = 0; round < 7; round++) {
    times.known.push(await timed(stored));
    times.unknown.push(await timed(undefined));
  }
  // The fastest of seven: what else runs on the machine only makes it slower.
  expect(Math.min(...times.unknown)).toBeGreaterThan(Math.min(...times.known) / 2);
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
