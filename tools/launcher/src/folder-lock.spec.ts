import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AlreadyRunning, lockFolder } from './folder-lock.js';
import { output } from './run.js';
import { startedAt } from './watchdog-process.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'causeway-lock-'))));
afterEach(() => rmSync(folder, { recursive: true }));
const quiet = (): void => undefined;

test('a second launcher is refused with process and address of the first, until that releases the folder', async () => {
  const first = await lockFolder(folder, quiet);
  first.update({ gateway: 'http://127.0.0.1:3000', children: [] });
  await expect(lockFolder(folder, quiet)).rejects.toThrow(AlreadyRunning);
  await expect(lockFolder(folder, quiet)).rejects.toThrow(new RegExp(`process ${process.pid}, http://127.0.0.1:3000`));
  first.release();
  (await lockFolder(folder, quiet)).release();
  expect(existsSync(join(folder, 'launcher.json'))).toBe(false);
});

test('a new data folder hides itself from Git; one that was there is left as it is', async () => {
  const hidden = join(folder, 'shop', 'data');
  await output(['git', 'init', '--quiet', folder]);
  (await lockFolder(hidden, quiet)).release();
  writeFileSync(join(hidden, 'secrets.json'), '{}');
  (await lockFolder(folder, quiet)).release();
  writeFileSync(join(folder, 'readme.md'), '');
  expect(await output(['git', '-C', folder, 'status', '--short', '--untracked-files=all'])).toBe('?? readme.md');
});

test('the lock of a launcher that is gone is taken over, and what it left running is stopped', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const pid = child.pid as number;
  const left = { pid, name: 'left', startedAt: startedAt(pid), order: 0, signal: 'SIGTERM', graceMs: 5_000 };
  // The pid is ours, the start time is not: a process that got the number later.
  writeFileSync(join(folder, 'launcher.json'), JSON.stringify({ pid: process.pid, startedAt: '1', children: [left] }));
  const ended = once(child, 'exit');
  const lock = await lockFolder(folder, quiet);
  expect(await ended).toEqual([null, 'SIGTERM']);
  lock.release();
});

test('a process that got the number of a former child is left alone', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const left = { pid: child.pid, name: 'left', startedAt: '1', order: 0, signal: 'SIGKILL', graceMs: 5_000 };
  writeFileSync(join(folder, 'launcher.json'), JSON.stringify({ pid: 999_999_999, startedAt: '1', children: [left] }));
  (await lockFolder(folder, quiet)).release();
  expect(startedAt(child.pid as number)).toBeDefined();
  child.kill('SIGKILL');
  await once(child, 'exit');
});

test('a lock file that is a device is replaced, not read without an end', async () => {
  symlinkSync('/dev/full', join(folder, 'launcher.json'));
  const lock = await lockFolder(folder, quiet);
  lock.update({ children: [] });
  expect(lstatSync(join(folder, 'launcher.json')).isFile()).toBe(true);
  lock.release();
});
