import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ManagedProcess, type ProcessOptions } from './managed-process.js';
import { startedAt, stopAll } from './watchdog-process.js';
import { Watchdog } from './watchdog.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-watchdog-'));
  mkdirSync(join(folder, 'throw-away'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition() && waited < 10_000; waited += 20) await sleep(20);
  expect(condition()).toBe(true);
}
const log = (name: string): string => readFileSync(join(folder, `${name}.log`), 'utf8');

async function startProcess(options: ProcessOptions): Promise<ManagedProcess> {
  const started = new ManagedProcess(options);
  await started.start();
  return started;
}

/** Starts the pretend launcher and kills it with SIGKILL once its children are up. */
async function killedParent(
  beforeKill: (pids: { watchdog: number; children: number[] }) => Promise<void> | void = () => undefined,
) {
  const parent = spawn(
    process.execPath,
    ['--no-warnings', join(import.meta.dirname, '../test/fixtures/parent.mjs'), folder],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pids = JSON.parse(line.toString()) as { watchdog: number; children: number[] };
  await until(() => ['first', 'stubborn', 'last'].every((name) => log(name).includes('up')));
  await beforeKill(pids);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  return pids;
}

test('after kill -9 of the parent nothing is left: children in their order, the stubborn by force, throw-away data, the watchdog', async () => {
  const { watchdog, children } = await killedParent(({ children }) => {
    expect(children.map(startedAt)).not.toContain(undefined);
    expect(children).toHaveLength(4);
  });
  await until(() => startedAt(watchdog) === undefined);
  await until(() => children.map(startedAt).every((started) => started === undefined));
  const endedAt = (name: string): bigint => BigInt(log(name).split('\n')[1] as string);
  expect(endedAt('last') - endedAt('first')).toBeGreaterThan(250_000_000n); // the stubborn one between them was given 300 ms
  expect(existsSync(join(folder, 'throw-away'))).toBe(false);
});

test('a killed watchdog is replaced, and the new one knows all children', async () => {
  let replaced = 0;
  const { watchdog, children } = await killedParent(async ({ watchdog }) => {
    process.kill(watchdog, 'SIGKILL');
    await until(() => startedAt(watchdog) === undefined);
    await sleep(300); // the parent has to notice
    replaced = watchdog;
  });
  expect(replaced).toBe(watchdog);
  await until(() => children.map(startedAt).every((started) => started === undefined));
});

test('a child that cannot be started is an error that names it, not an uncaught event', async () => {
  const missing = join(folder, 'no-such-program');
  const watchdog = new Watchdog();
  await expect(
    startProcess({
      name: 'ghost',
      command: missing,
      args: [],
      env: {},
      logFile: join(folder, 'ghost.log'),
      order: 1,
      watchdog,
    }),
  ).rejects.toThrow(/ghost could not be started .*ENOENT/);
  expect(watchdog.pid).toBeUndefined();
});

test('a child whose log cannot be written runs without one', async () => {
  const watchdog = new Watchdog();
  writeFileSync(join(folder, 'file'), '');
  const child = await startProcess({
    name: 'silent',
    command: process.execPath,
    args: ['-e', `console.log('unheard'); process.exit(3)`],
    env: {},
    logFile: join(folder, 'file', 'silent.log'),
    order: 1,
    watchdog,
  });
  expect(await child.wait()).toEqual({ code: 3, signal: null });
});

test('a child that ignores the request to stop is killed after its grace, and the idle watchdog ends', async () => {
  const watchdog = new Watchdog();
  const child = await startProcess({
    name: 'stubborn',
    command: process.execPath,
    args: ['-e', `process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)`],
    env: {},
    logFile: join(folder, 'stubborn.log'),
    graceMs: 100,
    order: 1,
    watchdog,
  });
  await until(() => log('stubborn').includes('up'));
  const watchdogPid = watchdog.pid as number;
  expect(await child.stop()).toEqual({ code: null, signal: 'SIGKILL' });
  expect(child.running).toBe(false);
  await until(() => startedAt(watchdogPid) === undefined);
});

test('a process that got the number of a former child is not stopped in its place', async () => {
  const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  await once(stranger, 'spawn');
  const pid = stranger.pid as number;
  const former = { pid, name: 'former', startedAt: '1', order: 0, graceMs: 100 };
  await stopAll([
    { ...former, signal: 'SIGTERM' },
    { ...former, order: 1, signal: 'SIGKILL' },
  ]);
  await sleep(100);
  expect(startedAt(pid)).toBeDefined();
  await stopAll([{ ...former, startedAt: startedAt(pid) as string, signal: 'SIGTERM' }]);
  expect(startedAt(pid)).toBeUndefined();
});
