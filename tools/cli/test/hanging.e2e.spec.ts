import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { run } from '@causeway/launcher/run';
import { guard } from '@causeway/launcher/guard';
import { databaseSetting, services } from '@causeway/system';
import { SilentPostgres } from './silent-postgres.js';

// A server that was stopped with SIGSTOP: the kernel takes connections, and nobody says a word.
let mute: Server;
let port: number;

beforeAll(async () => {
  mute = createServer(() => undefined);
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  ({ port } = mute.address() as AddressInfo);
});
afterAll(() => void mute.close());

const executable = join(import.meta.dirname, '../causeway.mjs');

/** The network around a container, where every database is this one and the broker says nothing. */
function environment(databaseUrl: string): NodeJS.ProcessEnv {
  const databases = services.flatMap(({ database }) =>
    database === undefined ? [] : [[databaseSetting(database), databaseUrl]],
  );
  return {
    ...process.env,
    NATS_URL: `nats://127.0.0.1:${port}`,
    NATS_PASSWORD: 'k'.repeat(16),
    OPERATOR_TOKEN: 't'.repeat(16),
    ...(Object.fromEntries(databases) as Record<string, string>),
  };
}

test.each([
  ['doctor', 'WRONG'],
  ['outbox', 'cannot be reached'],
  ['consumers', 'cannot be reached'],
  // demo
  ['order 01a21f4e-da4f-7224-b95b-b448aedc15db', 'cannot be reached'],
  // end demo
])('%s ends although broker and databases hang, and says so', async (command, says) => {
  const { code, stdout, stderr } = await run([process.execPath, executable, '--inside', ...command.split(' ')], {
    env: environment(`postgres://a:b@127.0.0.1:${port}/a`),
    timeoutMs: 100_000,
  });
  expect([code, stdout + stderr]).toEqual([1, expect.stringContaining(says)]);
  // Silence looks like a standstill.
  if (command === 'doctor') expect(stderr).toMatch(/^waiting for .*: 2 s$/m);
});

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('%s ends a command that waits for a database that fell silent', async (signal, code) => {
  const database = await SilentPostgres.start(0);
  try {
    const ignored = database.ignored();
    const options = { env: environment(database.url), stdio: 'ignore' } as const;
    const child = guard(spawn(process.execPath, [executable, '--inside', 'outbox'], options));
    const exited = once(child, 'exit');
    await Promise.race([ignored, exited]);
    child.kill(signal);
    // Without the signal it would report the database, with exit code 1, after the limit of a statement.
    expect(await exited).toEqual([code, null]);
  } finally {
    await database.stop();
  }
});
