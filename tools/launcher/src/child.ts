import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Watchdog } from './watchdog.js';

export interface ChildOptions {
  /** For messages: `order-1`, `postgres`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the child; nothing is inherited. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly account?: { readonly uid: number; readonly gid: number };
  /** Standard output and error go here. A file, not a pipe: the child must be able to write when its parent is gone. */
  readonly logFile: string;
  /** Start the log afresh. Default true; false appends. */
  readonly truncateLog?: boolean;
  readonly stopSignal?: NodeJS.Signals;
  /** From the stop signal to SIGKILL, milliseconds. Default 10 000. */
  readonly graceMs?: number;
  /** See `Watched.order`. */
  readonly order: number;
  readonly watchdog: Watchdog;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `SIGKILL`, `exit code 1` */
export const describeExit = ({ code, signal }: Exit): string => signal ?? `exit code ${code}`;

/** A running child process. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly running: boolean;
  /** Settles when it ends; does not keep our own process alive, `wait` does. */
  readonly exited: Promise<Exit>;
  wait(): Promise<Exit>;
  /** Sends the signal and does not wait. */
  signal(signal: NodeJS.Signals): void;
  /** Asks to stop, with `stopSignal` unless another is given; waits at most `graceMs`, then kills. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<Exit>;
}

/** Starts a process in a session of its own (Ctrl-C in the terminal does not reach it) under the eye of the watchdog. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const log = openLog(options);
  try {
    const child = spawn(options.command, [...options.args], {
      cwd: options.cwd ?? '/',
      env: options.env as NodeJS.ProcessEnv,
      detached: true,
      stdio: ['ignore', log, log],
      ...options.account,
    });
    // `once` rejects on an 'error' event (ENOENT, EACCES, EPERM), which would otherwise be uncaught.
    const exited = new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    await once(child, 'spawn');
    child.on('error', () => undefined);
    const pid = child.pid as number;
    const { name, order, watchdog, stopSignal = 'SIGTERM', graceMs = 10_000 } = options;
    watchdog.watch({ pid, name, order, signal: stopSignal, graceMs });
    child.unref();
    let exit: Exit | undefined;
    void exited.then((value) => {
      exit = value;
      watchdog.unwatch(pid);
    });
    const end = async (first: NodeJS.Signals, limitMs: number): Promise<Exit> => {
      child.ref();
      if (!exit) child.kill(first);
      const limit = new AbortController();
      const late = sleep(limitMs, undefined, { signal: limit.signal }).then(
        () => child.kill('SIGKILL'),
        () => undefined,
      );
      const result = await exited;
      limit.abort();
      await late;
      return result;
    };
    return {
      name,
      pid,
      get running() {
        return exit === undefined;
      },
      exited,
      wait: () => {
        if (!exit) child.ref();
        return exited;
      },
      signal: (signal) => void child.kill(signal),
      stop: (signal = stopSignal) => end(signal, graceMs),
      kill: () => end('SIGKILL', graceMs),
    };
  } catch (error) {
    throw new Error(`${options.name} could not be started (${options.command}): ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    if (log !== 'ignore') closeSync(log);
  }
}

/** A process whose log cannot be written works without one. */
function openLog({ logFile, truncateLog = true }: ChildOptions): number | 'ignore' {
  try {
    mkdirSync(dirname(logFile), { recursive: true });
    return openSync(logFile, truncateLog ? 'w' : 'a', 0o600);
  } catch {
    return 'ignore';
  }
}

/** The last lines of a log, for an error message; of JSON lines only what a person reads. */
export function lastLines(file: string, count = 12): string {
  try {
    return endOf(file).trimEnd().split('\n').slice(-count).map(readable).join('\n');
  } catch {
    return '(no log)';
  }
}

/** At most 64 KiB: a log may be larger than memory, or a device without an end. */
function endOf(file: string): string {
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    const buffer = Buffer.alloc(Math.min(size, 65_536));
    return buffer.subarray(0, readSync(handle, buffer, 0, buffer.length, size - buffer.length)).toString();
  } finally {
    closeSync(handle);
  }
}

function readable(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const { level, msg, detail, remedy, err } = JSON.parse(line) as Record<string, unknown>;
    const parts = [msg, detail, (err as { message?: string } | undefined)?.message, remedy];
    return `${String(level)}: ${[...new Set(parts.filter(Boolean))].join('; ')}`;
  } catch {
    return line;
  }
}
