import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeExit, ManagedProcess, type ProcessOptions } from './managed-process.js';
import { Watchdog } from './watchdog.js';

let folder: string;
const started: ManagedProcess[] = [];
const lost: string[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'causeway-process-'))));
afterEach(async () => {
  await Promise.all(started.splice(0).map((each) => each.kill()));
  lost.length = 0;
  rmSync(folder, { recursive: true });
});

/** Runs a script that has the folder in FOLDER. */
function processOf(script: string, options: Partial<ProcessOptions> = {}): ManagedProcess {
  const made = new ManagedProcess({
    name: 'worker',
    command: process.execPath,
    args: ['-e', script],
    env: { FOLDER: folder },
    logFile: join(folder, 'worker.log'),
    order: 0,
    watchdog: new Watchdog(),
    onLost: (_, exit) => lost.push(describeExit(exit)),
    ...options,
  });
  started.push(made);
  return made;
}
const up = `require('fs').writeFileSync(process.env.FOLDER + '/up', ''); setInterval(() => {}, 1000);`;
const isReady = () => existsSync(join(folder, 'up'));

test('a process counts as lost when it ends by itself, not when it is stopped, killed or restarted', async () => {
  const worker = processOf(up, { isReady });
  await worker.start();
  await worker.restart();
  await worker.stop();
  await worker.start();
  await worker.kill();
  expect([worker.running, lost]).toEqual([false, []]);
  await worker.start();
  expect(worker.running).toBe(true);
  process.kill(worker.pid, 'SIGKILL');
  await worker.wait();
  await sleep(0);
  expect([worker.running, lost]).toEqual([false, ['SIGKILL']]);
});

test('a start that fails shows the end of the log, and is no loss', async () => {
  const worker = processOf(`console.log('HTTP_PORT: missing'); process.exit(3);`, { isReady });
  await expect(worker.start()).rejects.toThrow(/worker ended at start \(exit code 3\)[^]*HTTP_PORT: missing/);
  expect(lost).toEqual([]);
});

test('a process that is not ready in time is killed', async () => {
  const worker = processOf('setInterval(() => {}, 1000)', { isReady, readyWithinMs: 50 });
  await expect(worker.start()).rejects.toThrow('worker was not ready in time');
  expect(worker.running).toBe(false);
});

test('a start whose failure passes is tried again', async () => {
  const script = `const fs = require('fs'); const tried = process.env.FOLDER + '/tried';
    if (fs.existsSync(tried)) { ${up} } else { fs.writeFileSync(tried, ''); console.log('still in use'); }`;
  await processOf(script, { isReady, retryOn: /still in use/ }).start();
  expect(readFileSync(join(folder, 'worker.log'), 'utf8')).toBe('');
});
