import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const fixture = fileURLToPath(new URL('./fixtures/tiny-service.ts', import.meta.url));
const hooks = new URL('./typescript-hooks.mjs', import.meta.url).href;

/** The tiny service of the fixtures as a process of its own. */
export class Child {
  output = '';
  private readonly messages: { type: string; [key: string]: unknown }[] = [];
  readonly exited: Promise<{ code: number | null; signal: string | null }>;

  private constructor(private readonly process: ChildProcess) {
    for (const stream of [process.stdout, process.stderr])
      stream?.setEncoding('utf8').on('data', (text) => (this.output += text));
    process.on('message', (message) => this.messages.push(message as { type: string }));
    // Not 'close': it never comes once the channel was disconnected from this side.
    const ends = [process.stdout, process.stderr].map(async (stream) => stream && (await once(stream, 'close')));
    this.exited = once(process, 'exit').then(async ([code, signal]) => {
      await Promise.all(ends);
      return { code: code as number | null, signal: signal as string | null };
    });
  }

  /**
   * @param settings Environment of the child: nothing of ours is inherited but what Node needs.
   * @param stdout A file descriptor instead of a pipe to `output`.
   */
  static start(
    settings: Record<string, string>,
    args: readonly string[] = [],
    stdout: 'pipe' | number = 'pipe',
  ): Child {
    const env = {
      PATH: process.env['PATH'],
      HTTP_PORT: '0',
      MANAGEMENT_PORT: '0',
      API_KEY: 'k'.repeat(16),
      SHUTDOWN_DRAIN_MS: '0',
      ...settings,
    };
    const flags = ['--import', hooks];
    return new Child(
      spawn(process.execPath, [...flags, fixture, ...args], { env, stdio: ['ignore', stdout, 'pipe', 'ipc'] }),
    );
  }

  /** The next message of a type, sent before or after. */
  async heard(type: string): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.messages.find((message) => message.type === type);
      if (found) return found;
      const ended = await Promise.race([once(this.process, 'message').then(() => false), this.exited.then(() => true)]);
      if (ended && !this.messages.some((message) => message.type === type))
        throw new Error(`the child ended:\n${this.output}`);
    }
  }

  /** A line of its log. */
  async said(word: string): Promise<void> {
    for (let ended = false; !this.output.includes(`"msg":"${word}"`);) {
      if (ended) throw new Error(`the child ended without saying "${word}":\n${this.output}`);
      const pause = new Promise<false>((resolve) => setTimeout(resolve, 20, false));
      ended = await Promise.race([pause, this.exited.then(() => true)]);
    }
  }

  async ready(): Promise<{ url: string; management: string }> {
    const { url, managementPort } = await this.heard('ready');
    return { url: url as string, management: `http://127.0.0.1:${managementPort as number}` };
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** As if the parent had been killed: its end of the channel closes. */
  abandon(): void {
    this.process.disconnect();
  }

  /** For afterEach: nothing of a failed test is left running. */
  async end(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGKILL');
    await this.exited;
  }
}
