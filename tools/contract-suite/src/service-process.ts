import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { eventually, patience } from './broken.js';
import { sendRequest } from './http.js';

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface StartOptions {
  /** For `/bin/sh`: `python3 -m blog`. It is prefixed with `exec`, so that signals reach the service itself. */
  readonly command: string;
  readonly cwd: string;
  /** The whole environment; of ours, only PATH and HOME are inherited. */
  readonly settings: Readonly<Record<string, string>>;
}

/** A service under test: a process and its last output. */
export class ServiceProcess {
  private readonly chunks: string[] = [];
  private readonly child: ChildProcess;
  readonly exited: Promise<ProcessExit>;
  exit: ProcessExit | undefined;

  constructor({ command, cwd, settings }: StartOptions) {
    this.child = spawn('/bin/sh', ['-c', `exec ${command}`], {
      cwd,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TZ: 'UTC', ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.chunks.push(text);
        if (this.chunks.length > 2_000) this.chunks.splice(0, 1_000);
      });
    this.exited = once(this.child, 'close').then(([code, signal]) => {
      this.exit = { code: code as number | null, signal: signal as NodeJS.Signals | null };
      return this.exit;
    });
  }

  /** What it has written to standard output and error. */
  get output(): string {
    return this.chunks.join('');
  }

  /** The last lines of its output, for a message. */
  get lastLines(): string {
    return this.output.trim().split('\n').slice(-12).join('\n');
  }

  /** Waits until it is ready. @throws when it ends before */
  async ready(managementUrl: string, withinMs = 60_000): Promise<void> {
    await eventually(
      () => `the service is ready (GET ${managementUrl}/health/ready); its output ends with:\n${this.lastLines}`,
      async () =>
        this.exit !== undefined ||
        (await sendRequest({ method: 'GET', url: `${managementUrl}/health/ready` })).status === 200,
      // How long a start takes has nothing to do with how long a check waits.
      withinMs / patience.factor,
    );
    if (this.exit)
      throw new Error(`the service ended before it was ready (exit code ${this.exit.code}):\n${this.lastLines}`);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** SIGKILL, if it still runs. */
  async end(): Promise<void> {
    if (this.exit) return;
    this.child.kill('SIGKILL');
    await this.exited;
  }
}
