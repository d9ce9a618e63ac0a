import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { output, run, type Command } from '@causeway/launcher/run';

const repository = fileURLToPath(new URL('../../../..', import.meta.url));

/** A fork of this repository's last commit, in a temporary folder, with a template of its own that a test may change. */
export class Fork {
  private constructor(
    /** Everything of this fork; removed by {@link remove}. */
    readonly folder: string,
    /** Of the fork. */
    readonly root: string,
    /** Of the template that it was cloned from. */
    readonly template: string,
  ) {}

  /** Clones the template, and from it the fork. Nothing is installed. */
  static async clone(): Promise<Fork> {
    const folder = mkdtempSync(join(tmpdir(), 'causeway-fork-'));
    const [template, root] = [join(folder, 'template'), join(folder, 'our shop')];
    await output(['git', 'clone', '--quiet', repository, template]);
    await output(['git', 'clone', '--quiet', template, root]);
    for (const clone of [template, root]) {
      await output(['git', '-C', clone, 'config', 'user.name', 'Ada']);
      await output(['git', '-C', clone, 'config', 'user.email', 'ada@shop.example']);
    }
    return new Fork(folder, root, template);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  git(...args: string[]): Promise<string> {
    return output(['git', '-C', this.root, ...args]);
  }

  /** Commits everything. @returns the files of the commit */
  async commit(message: string): Promise<string[]> {
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--message', message);
    return (await this.git('show', '--name-only', '--format=')).split('\n').filter(Boolean);
  }

  /** What git does not know yet, a line each; empty after a commit. */
  changes(): Promise<string> {
    return this.git('status', '--porcelain');
  }

  /** @returns what the command said. @throws with the end of it when the command fails */
  async exec(...command: Command): Promise<string> {
    const { code, stdout, stderr } = await run(command, { cwd: this.root, timeoutMs: 1_500_000 });
    if (code !== 0) throw new Error(`${command.join(' ')} failed (${code}):\n${(stdout + stderr).slice(-6_000)}`);
    return stdout;
  }

  read(file: string): string {
    return readFileSync(join(this.root, file), 'utf8');
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.root, file), text);
  }
}
