import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { repository } from '../src/places.js';
import { startedAt } from '../src/watchdog-process.js';

const module = pathToFileURL(join(import.meta.dirname, '../stop-with-parent.mjs')).href;

/** A command that starts another one, as Jest its workers, and notes who they are. Both wait for a signal. */
const command = `
import ${JSON.stringify(module)};
import { spawn } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
const file = process.argv[2];
if (process.argv[3]) process.send('up');
else {
  const child = spawn(process.execPath, [import.meta.filename, file, 'child'], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  child.once('message', () => {
    child.disconnect();
    writeFileSync(file + '.new', JSON.stringify({ command: process.pid, child: child.pid }));
    renameSync(file + '.new', file);
  });
}
setInterval(() => {}, 1000);
`;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-parent-'));
  writeFileSync(join(folder, 'command.mjs'), command);
  const start = 'exec node command.mjs';
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'x', version: '1.0.0', scripts: { start } }));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition() && waited < 60_000; waited += 50) await sleep(50);
  expect(condition()).toBe(true);
}

/** Runs the command, ends one of the processes, and waits until all are gone. */
async function endsWith(by: 'npm start' | 'hand', victim: 'first' | 'command', signal: NodeJS.Signals): Promise<void> {
  const file = join(folder, `${by}-${victim}-${signal}.json`);
  // Without what `npm test` has set for its own processes.
  const { NODE_OPTIONS: _, npm_lifecycle_event: __, ...env } = process.env;
  const [program, ...args] = by === 'hand' ? [process.execPath, 'command.mjs', file] : ['npm', 'start', '--', file];
  const first = spawn(program as string, args, { cwd: folder, env, stdio: 'ignore' });
  await until(() => existsSync(file));
  const others = JSON.parse(readFileSync(file, 'utf8')) as { command: number; child: number };
  const pids = { first: first.pid as number, ...others };
  const left = (): number[] => [...new Set(Object.values(pids))].filter((pid) => startedAt(pid) !== undefined);
  expect(left()).toHaveLength(by === 'hand' ? 2 : 3);
  try {
    process.kill(pids[victim], signal);
    await until(() => left().length === 0);
  } finally {
    for (const pid of left()) process.kill(pid, 'SIGKILL');
  }
}

test('whichever process of a script is killed, and by which signal: none of the others is left', async () => {
  await Promise.all([
    endsWith('npm start', 'first', 'SIGTERM'), // npm passes it on
    endsWith('npm start', 'first', 'SIGHUP'), // npm just dies
    endsWith('npm start', 'first', 'SIGKILL'),
    endsWith('npm start', 'command', 'SIGKILL'),
    endsWith('hand', 'command', 'SIGKILL'),
  ]);
}, 120_000);

test('no shell stands between npm and what a script runs, and what it runs watches its parent and survives a broken output', () => {
  const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  for (const [name, script] of Object.entries(scripts)) {
    expect([name, script]).toEqual([name, expect.stringMatching(/^exec [^&|;]+$/)]);
    const entry = /^exec node .*?(tools\/\S+)/.exec(script)?.[1]?.replace(/\/dist\/(.+)\.js$/, '/src/$1.ts');
    if (!entry) continue;
    const source = readFileSync(join(repository, entry), 'utf8');
    for (const needed of ['stop-with-parent', 'tolerate-output-errors'])
      expect([name, source]).toEqual([name, expect.stringMatching(new RegExp(`^import '[^']*${needed}`, 'm'))]);
  }
});
