import { persistenceMigrations, PgUnitOfWork, SecurityLog, type Transaction } from '@causeway/persistence';
import type { SecurityEvent } from '@causeway/telemetry';
import { createDatabase, type TestDatabase } from '@causeway/testkit';
import { audited } from '../src/audit.js';
import { Scene } from './scene.js';

const databases = new Map<string, TestDatabase>();
const record = (service: string, event: SecurityEvent): Promise<void> =>
  new PgUnitOfWork(databases.get(service)!.pool, (transaction: Transaction) => new SecurityLog(transaction)).single(
    (security) => security.record(event),
  );
const replay = { who: 'ada@laptop', action: 'dlq.replay', reason: 'mended', details: { letters: ['letter-7'] } };

/** Services beside the list, so that the test holds for any list. */
const examples = ['blog', 'ledger'].map((name) => ({ name, database: name }));

let scene: Scene;
beforeAll(async () => {
  for (const service of ['user', 'blog'])
    databases.set(service, await createDatabase({ migrations: [persistenceMigrations] }));
  // Of an external system, which keeps no events.
  databases.set('ledger', await createDatabase());
  scene = await Scene.create({ examples, databaseUrl: (service) => Promise.resolve(databases.get(service)?.url) });

  await record('user', { type: 'sign-in.failed', outcome: 'failure', subject: 'user-1', address: '192.0.2.7' });
  await audited(await scene.as('operator'), replay, () => Promise.resolve({ replayed: 1 }));
  await record('blog', {
    type: 'access.denied',
    outcome: 'denied',
    actor: 'user-1',
    details: { scope: 'catalog:write' },
  });
  await record('user', { type: 'sign-in.succeeded', outcome: 'success', actor: 'user-1', clientId: 'causeway-demo' });
}, 120_000);
afterAll(async () => {
  await scene.end();
  for (const database of databases.values()) await database.drop();
});

interface Line {
  readonly from: string;
  readonly type?: string;
  readonly action?: string;
  readonly at: string;
}
const audit = async (...args: string[]): Promise<string[]> => {
  const { code, json } = await scene.run('audit', '--json', ...args);
  expect(code).toBe(0);
  return json<Line[]>().map(({ from, type, action }) => `${from} ${type ?? action}`);
};

test('shows what operators changed and what services recorded, in the order of time', async () => {
  expect(await audit()).toEqual([
    'user sign-in.failed',
    'operator dlq.replay',
    'operator dlq.replay',
    'blog access.denied',
    'user sign-in.succeeded',
  ]);
  const { out } = await scene.run('audit');
  expect(out).toMatch(/sign-in\.failed +failure +user-1 +192\.0\.2\.0\/24/);
  expect(out).toMatch(/operator +dlq\.replay +begun +ada@laptop +mended +\{"letters":\["letter-7"\]\}/);
});

test.each([
  [
    ['--type', 'sign-in'],
    ['user sign-in.failed', 'user sign-in.succeeded'],
  ],
  [['--type', 'sign-in.failed'], ['user sign-in.failed']],
  [['--type', 'sign'], []],
  [['--type', 'dlq', '--limit', '1'], ['operator dlq.replay']],
  [
    ['--subject', 'user-1'],
    ['user sign-in.failed', 'blog access.denied', 'user sign-in.succeeded'],
  ],
  [['--subject', 'letter-7'], ['operator dlq.replay']],
  [['--subject', 'letter'], []],
  [['--service', 'blog'], ['blog access.denied']],
  [
    ['--service', 'operator'],
    ['operator dlq.replay', 'operator dlq.replay'],
  ],
  [
    ['--limit', '2'],
    ['blog access.denied', 'user sign-in.succeeded'],
  ],
])('%j selects', async (args, lines) => expect(await audit(...args)).toEqual(lines));

test('--since leaves out what is older', async () => {
  await databases
    .get('blog')!
    .pool.query(
      "INSERT INTO causeway.security_events (type, outcome, at) VALUES ('key.rotated', 'success', now() - interval '2 hours')",
    );
  expect(await audit('--service', 'blog', '--since', '1h')).toEqual(['blog access.denied']);
  expect(await audit('--service', 'blog', '--since', '3h')).toEqual(['blog key.rotated', 'blog access.denied']);
});

test('a database that is away is named, the rest is shown, and the exit code is 1', async () => {
  const away = await Scene.create({
    examples,
    databaseUrl: (service) =>
      Promise.resolve(service === 'blog' ? 'postgres://blog:x@127.0.0.1:1/blog' : databases.get(service)?.url),
  });
  try {
    const { code, out } = await away.run('audit');
    expect([code, out]).toEqual([
      1,
      expect.stringMatching(/sign-in\.failed[^]*blog could not be read: .*cannot be reached/),
    ]);
  } finally {
    await away.end();
  }
});

test('a service that keeps no events is wrong usage', async () => {
  const { code, err } = await scene.run('audit', '--service', 'gateway');
  expect([code, err]).toEqual([2, expect.stringContaining('"gateway" records nothing; write one of operator, user')]);
});
