import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startedAt, stopAll, type Watched } from './watchdog-process.js';
import type { Ports } from './wiring.js';

/** Another launcher uses the data folder. */
export class AlreadyRunning extends Error {
  constructor(
    folder: string,
    readonly pid: number,
    readonly gateway: string | undefined,
  ) {
    super(
      `A system runs in ${folder} already: process ${pid}${gateway ? `, ${gateway}` : ''}. ` +
        `Stop it with Ctrl-C in its terminal, or: kill ${pid}`,
    );
  }
}

/** What `launcher.json` says about the system that a launcher runs. */
export interface LockFile extends RunningState {
  readonly pid: number;
  readonly startedAt: string;
}

/** A service that runs beside the list, as commands in other terminals have to know it. */
export interface FoundExample {
  readonly name: string;
  readonly database: string;
}

export interface RunningState {
  readonly gateway?: string;
  /** Where its parts listen. */
  readonly ports?: Ports;
  readonly children: readonly Watched[];
  /** PostgreSQL and NATS encrypt; their certificates are in the data folder. */
  readonly tls?: boolean;
  /** Services of `examples` that run with it. */
  readonly examples?: readonly FoundExample[];
}

export interface FolderLock {
  readonly file: string;
  /** Records the state for the next start after a crash. */
  update(state: RunningState): void;
  release(): void;
}

/**
 * Makes this process the only launcher of a data folder. If the last one crashed, its remaining processes are stopped
 * first: its watchdog is still doing so, or was killed with it.
 */
export async function lockFolder(folder: string, log: (line: string) => void): Promise<FolderLock> {
  // It hides itself, secrets and all, in whatever repository it was put. A folder of somebody else's is left as it is.
  if (mkdirSync(folder, { recursive: true }) !== undefined) writeFileSync(join(folder, '.gitignore'), '*\n');
  // As root, the account that runs PostgreSQL must be able to pass through; the folder's contents have their own modes.
  if (process.getuid?.() === 0) chmodSync(folder, statSync(folder).mode | 0o011);
  const file = join(folder, 'launcher.json');
  const me: LockFile = { pid: process.pid, startedAt: startedAt(process.pid) ?? '', children: [] };
  for (;;) {
    try {
      writeFileSync(file, JSON.stringify(me), { flag: 'wx', mode: 0o600 });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const other = read(file);
    if (other && startedAt(other.pid) === other.startedAt) throw new AlreadyRunning(folder, other.pid, other.gateway);
    await recover(other, log);
    rmSync(file, { force: true });
  }
  // Two launchers that both met the leftover of a third may both have removed it: the last one to write has the folder.
  await sleep(30);
  const winner = read(file);
  if (winner?.pid !== process.pid) throw new AlreadyRunning(folder, winner?.pid ?? 0, winner?.gateway);
  return {
    file,
    update: (state) => {
      writeFileSync(`${file}.new`, JSON.stringify({ ...me, ...state }), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
    release: () => {
      try {
        rmSync(file, { force: true });
      } catch {
        // The next start sees that its process is gone.
      }
    },
  };
}

async function recover(other: LockFile | undefined, log: (line: string) => void): Promise<void> {
  const left = (other?.children ?? []).filter((child) => startedAt(child.pid) === child.startedAt);
  log('the last start ended without stopping: recovering');
  if (left.length === 0) return;
  log(`stopping what it left behind: ${left.map(({ name, pid }) => `${name} (${pid})`).join(', ')}`);
  await stopAll(left);
}

/** Returns what a launcher that still runs has noted in the folder; undefined when there is none. */
export function readLock(folder: string): LockFile | undefined {
  const lock = read(join(folder, 'launcher.json'));
  return lock && startedAt(lock.pid) === lock.startedAt ? lock : undefined;
}

function read(file: string): LockFile | undefined {
  try {
    // Not a device: a link to /dev/full could be read without end.
    return statSync(file).isFile() ? (JSON.parse(readFileSync(file, 'utf8')) as LockFile) : undefined;
  } catch {
    return undefined;
  }
}
