import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { guard } from '@causeway/launcher/guard';
import { run } from '@causeway/launcher/run';

/** The terminals of a person who follows a guide: variables stay from block to block. */
export class GuideShell {
  private readonly folder = mkdtempSync(join(tmpdir(), 'guide-shell-'));
  private readonly env: NodeJS.ProcessEnv;
  private staying: { readonly child: ChildProcess; readonly exited: Promise<unknown>; said: string } | undefined;

  /**
   * @param cwd where the commands run
   * @param timeoutMs limit of one block, milliseconds. Default 20 minutes.
   */
  constructor(
    private readonly cwd: string,
    private readonly timeoutMs = 1_200_000,
  ) {
    this.env = { ...terminalEnvironment(), VARIABLES: join(this.folder, 'variables') };
  }

  /** Runs the commands of a block to their end. @returns what both outputs have said. @throws when one fails */
  async execute(commands: string): Promise<string> {
    const script = `[ ! -f "$VARIABLES" ] || . "$VARIABLES"\nset -a\nexec 2>&1\n${commands}\nexport -p > "$VARIABLES"`;
    const { code, stdout } = await run(['sh', '-ec', script], {
      cwd: this.cwd,
      env: this.env,
      timeoutMs: this.timeoutMs,
    });
    if (code !== 0) throw new Error(`${commands.trim()}\nfailed (${code}):\n${stdout.slice(-6_000)}`);
    return stdout;
  }

  /**
   * Starts a command that stays up, as in a terminal of its own, in the place of the one before.
   * @param isUp told all that it has said so far, again and again, until it returns true
   * @throws when the command ends, or is not up in time
   */
  async start(command: string, isUp: (said: string) => boolean): Promise<void> {
    await this.stop();
    const child = guard(spawn('sh', ['-c', `exec 2>&1; exec ${command.trim()}`], { cwd: this.cwd, env: this.env }));
    const exited = new Promise((resolve) => child.once('exit', resolve));
    const staying = { child, exited, said: '' };
    this.staying = staying;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (staying.said += text));
    for (const end = performance.now() + this.timeoutMs; !isUp(staying.said); await pause()) {
      const ended = child.exitCode !== null || child.signalCode !== null;
      if (ended || performance.now() > end)
        throw new Error(`${command.trim()} ${ended ? 'ended' : 'is not up'}:\n${staying.said.slice(-6_000)}`);
    }
  }

  /** Ctrl-C for the command that stays up, if there is one. */
  async stop(): Promise<void> {
    const staying = this.staying;
    this.staying = undefined;
    if (!staying) return;
    staying.child.kill('SIGINT');
    await staying.exited;
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Without what npm and Jest give their children: a person's terminal has none of it. */
function terminalEnvironment(): NodeJS.ProcessEnv {
  const given = /^(npm_|INIT_CWD$|NODE_ENV$|NODE_OPTIONS$|NODE_PATH$|JEST_WORKER_ID$|NX_)/;
  const kept = Object.entries(process.env).filter(
    ([name]) => !given.test(name) || name.toLowerCase() === 'npm_config_registry',
  );
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter), NO_COLOR: '1' };
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 200));
