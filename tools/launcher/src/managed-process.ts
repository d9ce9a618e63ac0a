import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastLines } from './logs.js';
import type { Watchdog } from './watchdog.js';

export interface ProcessOptions {
  /** For messages: `order-1`, `PostgreSQL`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Default `/`. */
  readonly cwd?: string;
  /** The whole environment of the process; it inherits nothing. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly account?: { readonly uid: number; readonly gid: number };
  /**
   * Receives standard output and error. A file, not a pipe: the process must be able to write when its parent is gone.
   */
  readonly logFile: string;
  /** A restart appends to the log. Default false: each start begins a new one. */
  readonly keepLog?: boolean;
  /** Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
  /** From the stop signal to SIGKILL, milliseconds. Default 10 000. */
  readonly graceMs?: number;
  /** See `Watched.order`. */
  readonly order: number;
  readonly watchdog: Watchdog;
  /** Runs before each start. */
  readonly prepare?: () => Promise<void>;
  /** Asked every 20 ms after a start. Default: a process that runs is ready. */
  readonly isReady?: (pid: number) => boolean | Promise<boolean>;
  /** From the start to ready, milliseconds. Default 60 000. */
  readonly readyWithinMs?: number;
  /** Retries a start, within `readyWithinMs`, when the log of the failed one matches. */
  readonly retryOn?: RegExp;
  /** The process was started or has ended. */
  readonly onChange?: () => void;
  /** The process ended by itself, or was killed by others. */
  readonly onLost?: (process: ManagedProcess, exit: Exit) => void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `SIGKILL`, `exit code 1` */
export const describeExit = ({ code, signal }: Exit): string => signal ?? `exit code ${code}`;

/** One life of the process, from a start to its end. */
interface Life {
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  exit?: Exit;
  ready: boolean;
  /** We are stopping it, or a test killed it. */
  leaving: boolean;
}

/**
 * A child process that can be started, stopped, killed and started again. It runs in its own session (Ctrl-C in the
 * terminal does not reach it) and under the watchdog. PostgreSQL, NATS and the services are of this kind.
 */
export class ManagedProcess {
  private life: Life | undefined;
  private starts = 0;
  private timeToReadyMs = 0;
  // No parameter property: Jest's global setup loads this file through Node's type stripping.
  private readonly options: ProcessOptions;

  constructor(options: ProcessOptions) {
    this.options = options;
  }

  get name(): string {
    return this.options.name;
  }

  get logFile(): string {
    return this.options.logFile;
  }

  /** 0 before the first start. */
  get pid(): number {
    return this.life?.child.pid ?? 0;
  }

  get running(): boolean {
    return this.life !== undefined && this.life.exit === undefined;
  }

  /** Duration of the last start, milliseconds. */
  get readyMs(): number {
    return this.timeToReadyMs;
  }

  /**
   * Starts the process and waits until it is ready.
   * @throws with the end of its log when it ends before, or takes too long
   */
  async start(): Promise<void> {
    const { name, logFile, prepare, retryOn, readyWithinMs = 60_000 } = this.options;
    const begun = performance.now();
    for (;;) {
      await prepare?.();
      const exit = await this.ready(await this.launch(), begun + readyWithinMs);
      if (!exit) break;
      const log = lastLines(logFile, 20);
      if (!retryOn?.test(log) || performance.now() > begun + readyWithinMs)
        throw new Error(`${name} ended at start (${describeExit(exit)}). The end of ${logFile}:\n${log}`);
      await sleep(200);
    }
    this.timeToReadyMs = Math.round(performance.now() - begun);
  }

  /** Asks the process to stop, and kills it after its grace. @param signal Default `stopSignal` */
  async stop(signal = this.options.stopSignal ?? 'SIGTERM'): Promise<Exit | undefined> {
    const { life } = this;
    if (!life) return undefined;
    life.leaving = true;
    if (life.exit) return life.exit;
    life.child.kill(signal);
    const limit = new AbortController();
    const late = sleep(this.options.graceMs ?? 10_000, undefined, { signal: limit.signal }).then(
      () => life.child.kill('SIGKILL'),
      () => undefined,
    );
    const exit = await this.wait();
    limit.abort();
    await late;
    return exit;
  }

  /**
   * Sends a signal and waits until the process is gone. It is not started again by itself.
   * @param signal Default SIGKILL
   */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit | undefined> {
    if (this.life) this.life.leaving = true;
    this.life?.child.kill(signal);
    return this.wait();
  }

  /** Stops the process if it runs, and starts it with the same settings. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Waits for the end; keeps our own process alive meanwhile. */
  async wait(): Promise<Exit | undefined> {
    if (this.running) this.life?.child.ref();
    return this.life?.exited;
  }

  private async launch(): Promise<Life> {
    const {
      name,
      command,
      args,
      cwd = '/',
      env,
      account,
      watchdog,
      order,
      stopSignal: signal = 'SIGTERM',
    } = this.options;
    const log = this.openLog();
    this.starts += 1;
    try {
      const child = spawn(command, [...args], {
        cwd,
        env: env as NodeJS.ProcessEnv,
        detached: true,
        stdio: ['ignore', log, log],
        ...account,
      });
      const exited = new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
      // `once` rejects on an 'error' event (ENOENT, EACCES, EPERM), which would otherwise be uncaught.
      await once(child, 'spawn');
      child.on('error', () => undefined);
      child.unref();
      const pid = child.pid as number;
      watchdog.watch({ pid, name, order, signal, graceMs: this.options.graceMs ?? 10_000 });
      const life: Life = { child, exited, ready: false, leaving: false };
      this.life = life;
      void exited.then((exit) => {
        life.exit = exit;
        watchdog.unwatch(pid);
        this.options.onChange?.();
        if (life.ready && !life.leaving) this.options.onLost?.(this, exit);
      });
      this.options.onChange?.();
      return life;
    } catch (error) {
      throw new Error(`${name} could not be started (${command}): ${(error as Error).message}`, { cause: error });
    } finally {
      if (log !== 'ignore') closeSync(log);
    }
  }

  /** A process whose log cannot be written works without one. */
  private openLog(): number | 'ignore' {
    const { logFile, keepLog } = this.options;
    try {
      mkdirSync(dirname(logFile), { recursive: true });
      return openSync(logFile, keepLog && this.starts > 0 ? 'a' : 'w', 0o600);
    } catch {
      return 'ignore';
    }
  }

  /** Waits until the process is ready. @returns its exit when it ends before */
  private async ready(life: Life, limitAt: number): Promise<Exit | undefined> {
    const { name, logFile, isReady } = this.options;
    while (!life.exit) {
      if (!isReady || (await isReady(this.pid))) {
        life.ready = true;
        return undefined;
      }
      if (performance.now() > limitAt) {
        await this.kill();
        throw new Error(`${name} was not ready in time. The end of ${logFile}:\n${lastLines(logFile, 20)}`);
      }
      await sleep(20);
    }
    return life.exit;
  }
}
