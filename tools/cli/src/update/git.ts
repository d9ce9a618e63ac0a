import { spawnSync } from 'node:child_process';
import { runChild, type ChildResult } from './child-process.js';

/** Git refused. */
export class GitFailed extends Error {}

/** What a person, a team or their hooks want is for their own commits: it would stop us half way, or ask. */
const settings = [
  'core.hooksPath=/dev/null',
  'gc.auto=0',
  'maintenance.auto=false',
  'merge.verifySignatures=false',
  'merge.autoStash=false',
  'merge.renameLimit=20000',
  // A file that the fork added to a folder that the template moved goes along.
  'merge.directoryRenames=true',
  'status.branch=false',
];
const flags = settings.flatMap((setting) => ['-c', setting]);

/** Git in the words of nobody's language, and in the folder that it is told: a hook's variables name another one. */
function environment(extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^GIT_(DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|PREFIX)$/.test(name),
  );
  return { ...Object.fromEntries(own), LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', GIT_EDITOR: 'true', ...extra };
}

/** Git in one folder. */
export class Git {
  constructor(
    readonly folder: string,
    private readonly signal: AbortSignal,
    private readonly extra: NodeJS.ProcessEnv = {},
  ) {}

  with(extra: NodeJS.ProcessEnv): Git {
    return new Git(this.folder, this.signal, { ...this.extra, ...extra });
  }

  /** Rejects for no exit code. */
  result(args: readonly string[], input?: string): Promise<ChildResult> {
    const env = environment(this.extra);
    return runChild(['git', ...flags, ...args], { cwd: this.folder, env, input, signal: this.signal });
  }

  /** @returns standard output without the last line break. @throws GitFailed with what Git says */
  async run(args: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.result(args, input);
    if (code === 0) return stdout.replace(/\n$/, '');
    throw new GitFailed(
      `git ${args[0]} failed (${code}): ${(stderr || stdout).trim().split('\n').slice(-5).join('\n')}`,
    );
  }

  async succeeds(...args: string[]): Promise<boolean> {
    return (await this.result(args)).code === 0;
  }

  /** Entries that end with a zero byte: what `-z` prints. */
  async list(...args: string[]): Promise<string[]> {
    const { code, stdout, stderr } = await this.result(args);
    if (code !== 0) throw new GitFailed(`git ${args[0]} failed (${code}): ${stderr.trim()}`);
    return stdout.split('\0').filter(Boolean);
  }

  /** @returns undefined when the file is not there */
  async show(commit: string, path: string): Promise<string | undefined> {
    const { code, stdout } = await this.result(['cat-file', 'blob', `${commit}:${path}`]);
    return code === 0 ? stdout : undefined;
  }

  /** @returns undefined when nothing has this name */
  async commitOf(name: string): Promise<string | undefined> {
    const { code, stdout } = await this.result([
      'rev-parse',
      '--verify',
      '--quiet',
      '--end-of-options',
      `${name}^{commit}`,
    ]);
    return code === 0 ? stdout.trim() : undefined;
  }
}

/** For the moment in which this process ends, when nothing can be waited for. @returns whether it succeeded */
export function gitNow(folder: string, ...args: string[]): boolean {
  return spawnSync('git', [...flags, ...args], { cwd: folder, env: environment({}), stdio: 'ignore' }).status === 0;
}
