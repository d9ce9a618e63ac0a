import { request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeExit, lastLines, startChild, type Child, type Exit } from './child.js';
import type { ServiceName } from './services.js';
import type { Watchdog } from './watchdog.js';

export interface InstanceOptions {
  readonly service: ServiceName;
  /** 1 for the first. */
  readonly number: number;
  readonly node: string;
  readonly entry: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly port: number;
  readonly managementPort: number;
  readonly logFile: string;
  readonly stopOrder: number;
  readonly watchdog: Watchdog;
  /** Start to ready, milliseconds. Default 60 000. */
  readonly readyWithinMs?: number;
  /** The process was started (again), or ended without being asked to. */
  readonly onChange?: () => void;
  /** It ended by itself, or somebody else killed it. */
  readonly onLost?: (instance: ServiceInstance, exit: Exit) => void;
}

/** One process of a service. */
export class ServiceInstance {
  readonly id: string;
  readonly service: ServiceName;
  readonly number: number;
  readonly url: string;
  readonly managementUrl: string;
  readonly logFile: string;
  private child: Child | undefined;
  private timeToReadyMs = 0;
  /** Whether an exit is expected: we are stopping it, or a test killed it. */
  private leaving = false;
  private starts = 0;

  constructor(private readonly options: InstanceOptions) {
    this.service = options.service;
    this.number = options.number;
    this.id = `${options.service}-${options.number}`;
    this.url = `http://127.0.0.1:${options.port}`;
    this.managementUrl = `http://127.0.0.1:${options.managementPort}`;
    this.logFile = options.logFile;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  get running(): boolean {
    return this.child?.running ?? false;
  }

  /** From the start of the process to the first good answer of `/health/ready`, milliseconds. */
  get readyMs(): number {
    return this.timeToReadyMs;
  }

  /** Starts the process and waits until it is ready. @throws with the end of its log when it ends before. */
  async start(): Promise<void> {
    const { node, entry, env, logFile, stopOrder, watchdog, onChange, readyWithinMs = 60_000 } = this.options;
    const begun = performance.now();
    this.leaving = false;
    const child = await startChild({
      name: this.id,
      command: node,
      // The young generation kept small: 30–40 MB less for each service (docs/decisions/0012-start-up-and-memory.md).
      args: ['--max-semi-space-size=4', entry],
      env,
      logFile,
      truncateLog: this.starts === 0,
      // Everything ends: nobody waits until clients have left their connections.
      stopSignal: 'SIGINT',
      // The service itself takes at most 15 s until they have, 25 s for what is in flight and 5 s to leave.
      graceMs: 50_000,
      order: stopOrder,
      watchdog,
    });
    this.child = child;
    this.starts += 1;
    onChange?.();
    const exit = await Promise.race([this.ready(child, readyWithinMs), child.exited]);
    if (exit)
      throw new Error(
        `${this.id} ended at start (${describeExit(exit)}). The end of ${logFile}:\n${lastLines(logFile, 20)}`,
      );
    this.timeToReadyMs = Math.round(performance.now() - begun);
    void child.exited.then((end) => this.onExit(child, end));
  }

  /** Sends a signal, SIGKILL by default, and waits until the process is gone. It is not started again by itself. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit | undefined> {
    this.leaving = true;
    this.child?.signal(signal);
    return this.child?.wait();
  }

  /**
   * Asks it to stop, and kills it after 50 s.
   * @param signal SIGTERM: others go on, and it serves until they have left its connections. SIGINT: the system ends.
   */
  async stop(signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<Exit | undefined> {
    this.leaving = true;
    return this.child?.stop(signal);
  }

  /** Stops it where it still runs, starts it with the same settings and ports, and waits until it is ready. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  private async ready(child: Child, withinMs: number): Promise<undefined> {
    const limitAt = performance.now() + withinMs;
    while (child.running) {
      if ((await statusOf(`${this.managementUrl}/health/ready`)) === 200) return undefined;
      if (performance.now() > limitAt) {
        await this.kill();
        throw new Error(
          `${this.id} was not ready within ${withinMs / 1000} s. The end of ${this.logFile}:\n${lastLines(this.logFile, 20)}`,
        );
      }
      await sleep(20);
    }
    return new Promise(() => undefined); // `exited` answers.
  }

  private onExit(child: Child, exit: Exit): void {
    if (this.child !== child) return;
    this.options.onChange?.();
    if (!this.leaving) this.options.onLost?.(this, exit);
  }
}

/** 0 when nobody answers. Not `fetch`: its connection pool would keep sockets to processes that come and go. */
function statusOf(url: string): Promise<number> {
  return new Promise((resolve) => {
    const call = request(url, { agent: false, timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    call.once('error', () => resolve(0));
    call.once('timeout', () => call.destroy(new Error('no answer')));
    call.end();
  });
}
