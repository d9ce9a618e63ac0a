import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Node hooks that run TypeScript sources, as jest does in its own process. */
const hooks = new URL('../../../../libs/service-host/test/typescript-hooks.mjs', import.meta.url).href;

/** A service of this repository in its own process; nothing of it is imported. */
export class ServiceProcess {
  output = '';

  private constructor(
    private readonly process: ChildProcess,
    /** Empty until the service is ready. */
    public url = '',
  ) {
    for (const stream of [process.stdout, process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => (this.output = (this.output + text).slice(-20_000)));
    }
  }

  /**
   * @param service Folder in `apps`.
   * @param settings Environment; only PATH is inherited.
   */
  static async start(service: string, settings: Record<string, string>): Promise<ServiceProcess> {
    const main = fileURLToPath(new URL(`../../../${service}/src/main.ts`, import.meta.url));
    const env = {
      PATH: process.env['PATH'],
      HTTP_PORT: '0',
      MANAGEMENT_PORT: '0',
      LOG_LEVEL: 'warn',
      SHUTDOWN_DRAIN_MS: '0',
      ...settings,
    };
    const flags = ['--no-warnings', '--import', hooks, main];
    const child = new ServiceProcess(spawn(process.execPath, flags, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] }));
    child.url = await child.ready();
    return child;
  }

  private ready(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.process.on('message', (message: { type?: string; url?: string }) => {
        if (message.type === 'ready') resolve(message.url ?? '');
      });
      this.process.once('exit', () => reject(new Error(`the process exited before it was ready:\n${this.output}`)));
    });
  }

  /** Sends SIGTERM. @returns The exit code. */
  async stop(): Promise<number | null> {
    const exited = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    const [code] = (await exited) as [number | null];
    return code;
  }

  /** Sends SIGKILL: no drain, no cleanup. */
  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await exited;
  }
}
