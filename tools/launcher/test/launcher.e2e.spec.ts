import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import { repository } from '../src/places.js';
import { startedAt, type Watched } from '../src/watchdog-process.js';

// The real command line with real processes, in a temporary folder. Needs the build.
const main = join(import.meta.dirname, '../dist/main.js');
let folder: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-launcher-'));
  chmodSync(folder, 0o711);
});
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  }
  rmSync(folder, { recursive: true, force: true });
});

const launch = (...options: string[]) => run(process.execPath, main, options);
/** As a person does it. The build has been checked already. */
const npmStart = (...options: string[]) => run('npm', '--ignore-scripts', ['start', '--', ...options]);

function run(command: string, first: string, options: string[]) {
  const child = spawn(command, [first, ...options, '--folder', folder, '--free-ports'], {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  const state = { output: '' };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (state.output += data.toString()));
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const says = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(state.output)) {
      if (child.exitCode !== null) throw new Error(`ended before it said ${pattern}:\n${state.output}`);
      await sleep(50);
    }
  };
  return { child, exited, says, state };
}

const noted = (): { pid: number; children: Watched[] } =>
  JSON.parse(readFileSync(join(folder, 'launcher.json'), 'utf8')) as { pid: number; children: Watched[] };
const children = (): Watched[] => noted().children;
const alive = (processes: Watched[]): string[] =>
  processes.filter((child) => startedAt(child.pid) === child.startedAt).map(({ name }) => name);

async function until(condition: () => boolean, withinMs: number): Promise<void> {
  for (const limitAt = Date.now() + withinMs; !condition() && Date.now() < limitAt;) await sleep(50);
}

/** As a folder was before the broker had accounts, and databases had owners. */
function forgetLaterPasswords(): void {
  const file = join(folder, 'secrets.json');
  const { nats, databaseOwners, ...older } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, object>;
  expect([nats, databaseOwners].map((each) => Object.keys(each!))).toEqual(
    Array(2).fill(expect.arrayContaining(['order'])),
  );
  writeFileSync(file, JSON.stringify(older));
}

test('after kill -9 of the launcher all processes end by themselves, and the next start confirms an order on the same data', async () => {
  const first = launch('--no-demo');
  await first.says(/Causeway is up at http/);
  const processes = children();
  expect(alive(processes).sort()).toEqual([
    'NATS',
    'PostgreSQL',
    'gateway-1',
    'order-1',
    'payment-1',
    'psp-sandbox-1',
    'user-1',
  ]);
  const [broker] = /nats:\/\/127\.0\.0\.1:\d+/.exec(first.state.output) ?? [];
  await expect(connect({ servers: broker, reconnect: false })).rejects.toThrow(/authorization/i);
  first.child.kill('SIGKILL');
  await first.exited;
  await until(() => alive(processes).length === 0, 40_000);
  expect(alive(processes)).toEqual([]);

  forgetLaterPasswords();
  const second = launch('--demo-only');
  expect(await second.exited).toEqual([0, null]);
  expect(second.state.output).toMatch(/recovering[\s\S]*CONFIRMED[\s\S]*REJECTED[\s\S]*The demo worked/);
  expect(second.state.output).toMatch(/0 migrations applied, 0 changes/);
}, 150_000);

test('a stop in the middle of the start leaves nothing behind; a stop later is orderly and exits 0, even with its output closed', async () => {
  const early = launch('--no-demo');
  await early.says(/starting \d+ processes/);
  const processes = children();
  early.child.kill('SIGINT');
  expect(await early.exited).toEqual([130, null]);
  expect(alive(processes)).toEqual([]);

  const late = launch('--no-demo', '--instances', 'order=2');
  await late.says(/Causeway is up/);
  const all = children();
  expect(alive(all)).toContain('order-2');
  late.child.stdout.destroy(); // as `npm start | head` does
  late.child.kill('SIGTERM');
  expect(await late.exited).toEqual([0, null]);
  expect(alive(all)).toEqual([]);
  expect(late.state.output).toMatch(/Standard output cannot be written \(.*EPIPE\): going on without it.\n$/);
  expect(readFileSync(join(folder, 'logs/launcher.log'), 'utf8')).toMatch(/ stopped\n$/);
}, 150_000);

test('a second launcher in the same folder says who is there; a killed process is started again, on a full disk, too; kill -9 of npm stops everything', async () => {
  const first = npmStart('--no-demo');
  await first.says(/Causeway is up/);
  const second = launch('--no-demo');
  expect(await second.exited).toEqual([1, null]);
  expect(second.state.output).toMatch(new RegExp(`process ${noted().pid}, http://127.0.0.1:\\d+. Stop it with Ctrl-C`));
  const killed = async (name: string): Promise<void> => {
    const { pid } = children().find((child) => child.name === name) as Watched;
    process.kill(pid, 'SIGKILL');
    await first.says(new RegExp(`${name} ended \\(SIGKILL\\)`));
    await first.says(new RegExp(`${name} runs again`));
  };
  // The notes for the next start cannot be written (a full disk), nor can the log of NATS.
  symlinkSync('/dev/full', join(folder, 'launcher.json.new'));
  await killed('payment-1');
  await first.says(/launcher.json cannot be written \(ENOSPC/);
  rmSync(join(folder, 'launcher.json.new'));
  rmSync(join(folder, 'logs/nats.log'));
  mkdirSync(join(folder, 'logs/nats.log'));
  await killed('NATS');
  await killed('PostgreSQL');
  const all = children();
  first.child.kill('SIGKILL');
  await until(() => /stopped\n$/.test(first.state.output), 60_000);
  expect(first.state.output).toMatch(/stopped\n$/);
  expect(alive(all)).toEqual([]);
}, 200_000);

test.each([
  [['--frseh'], /Unknown option '--frseh'[\s\S]*--help/],
  [['--instances', 'order=many'], /expected order=<1 to 9>/],
])('%j is refused with exit code 2 before anything starts', async (options, reason) => {
  const { exited, state } = launch(...options);
  expect(await exited).toEqual([2, null]);
  expect(state.output).toMatch(reason);
});
