import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { claimPort, isFree } from './ports.js';

const listen = (port: number): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer().listen(port, '127.0.0.1', () => resolve(server));
  });

const started: ChildProcess[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) await kill(child);
});
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('a port in use is passed over for the next one', async () => {
  const claim = await claimPort();
  const server = await listen(claim.port);
  claim.release();
  const { port } = server.address() as AddressInfo;
  expect(await isFree(port)).toBe(false);
  const next = await claimPort(port);
  expect(next.port).toBeGreaterThan(port);
  next.release();
  await new Promise((resolve) => server.close(resolve));
});

test('a claimed port is not given twice, even before anything listens on it; released, it is free again', async () => {
  const first = await claimPort();
  const second = await claimPort(first.port);
  expect(second.port).toBeGreaterThan(first.port);
  first.release();
  const again = await claimPort(first.port);
  expect(again.port).toBe(first.port);
  for (const { release } of [again, second]) release();
});

test('launchers that choose at the same moment choose different ports, and those of one that is killed are free again', async () => {
  const from = (await claimPort()).port;
  const script = join(import.meta.dirname, '../test/fixtures/claim-ports.mjs');
  const launchers = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const args = ['--no-warnings', script, String(from)];
      const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
      started.push(child);
      const lines = createInterface({ input: child.stdout });
      await once(lines, 'line'); // Loaded: they begin at the same moment.
      return { stdin: child.stdin, lines };
    }),
  );
  const chosen = await Promise.all(
    launchers.map(async ({ stdin, lines }) => {
      const line = once(lines, 'line');
      stdin.write('go\n');
      return JSON.parse((await line)[0] as string) as number[];
    }),
  );
  expect(chosen.map(({ length }) => length)).toEqual([10, 10, 10, 10]);
  expect(new Set(chosen.flat()).size).toBe(40);
  await Promise.all(started.map(kill));
  const again = await claimPort(chosen.flat()[0]);
  expect(again.port).toBe(chosen.flat()[0]);
  again.release();
});
