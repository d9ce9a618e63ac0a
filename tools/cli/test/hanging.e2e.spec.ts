import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { run } from '@causeway/launcher/run';
import { databaseSetting, services } from '@causeway/system';

// A server that was stopped with SIGSTOP: the kernel takes connections, and nobody says a word.
let mute: Server;
let port: number;

beforeAll(async () => {
  mute = createServer(() => undefined);
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  ({ port } = mute.address() as AddressInfo);
});
afterAll(() => void mute.close());

test.each([
  ['doctor', 'WRONG'],
  ['outbox', 'cannot be reached'],
  ['consumers', 'cannot be reached'],
  // demo
  ['order 01a21f4e-da4f-7224-b95b-b448aedc15db', 'cannot be reached'],
  // end demo
])('%s ends although broker and databases hang, and says so', async (command, says) => {
  const databases = services.flatMap(({ database }) =>
    database === undefined ? [] : [[databaseSetting(database), `postgres://a:b@127.0.0.1:${port}/a`]],
  );
  const executable = join(import.meta.dirname, '../causeway.mjs');
  const { code, stdout, stderr } = await run([process.execPath, executable, '--inside', ...command.split(' ')], {
    env: {
      ...process.env,
      NATS_URL: `nats://127.0.0.1:${port}`,
      NATS_PASSWORD: 'k'.repeat(16),
      OPERATOR_TOKEN: 't'.repeat(16),
      ...(Object.fromEntries(databases) as Record<string, string>),
    },
    timeoutMs: 100_000,
  });
  expect([code, stdout + stderr]).toEqual([1, expect.stringContaining(says)]);
  // Silence looks like a standstill.
  if (command === 'doctor') expect(stderr).toMatch(/^waiting for .*: 2 s$/m);
});
