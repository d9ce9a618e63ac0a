import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CommandFailed } from '../failure.js';
import { Git } from './git.js';

/** A state of the template, and what people call it. */
export interface TemplateVersion {
  readonly commit: string;
  /** The tag; without one the first 12 digits of the commit. */
  readonly version: string;
}

const head = 'refs/template/head';
const isVersion = /^v?\d+(\.\d+)*$/;

/** The template's history, beside the fork's: a fork's remotes, tags and branches stay as they are. */
export class TemplateRepository {
  private constructor(
    readonly git: Git,
    /** What `git fetch` takes, for messages. */
    readonly source: string,
  ) {}

  /**
   * Brings the history up to date.
   * @param source URL, or a path from the root of the fork
   * @throws CommandFailed when it cannot be reached
   */
  static async open(cache: string, fork: string, source: string, signal: AbortSignal): Promise<TemplateRepository> {
    const path = resolve(fork, source);
    const reachable = existsSync(path) ? path : source;
    const folder = join(cache, `${createHash('sha256').update(reachable).digest('hex').slice(0, 16)}.git`);
    mkdirSync(folder, { recursive: true });
    const git = new Git(folder, signal);
    await git.run(['init', '--quiet', '--bare']);
    const fetched = await git.result([
      ...['fetch', '--quiet', '--prune', '--no-tags', '--force', '--', reachable],
      ...['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*', `+HEAD:${head}`],
    ]);
    if (fetched.code !== 0)
      throw new CommandFailed(
        `the template cannot be fetched from ${source}: ${fetched.stderr.trim().split('\n').at(-1)}`,
        'Name what git fetch takes, a URL or a path: --from <repository>.',
      );
    return new TemplateRepository(git, source);
  }

  /** @param to Tag, branch or commit. Default: the newest version tag; without tags the head of the template. */
  async find(to: string | undefined): Promise<TemplateVersion> {
    const name = to === undefined ? await this.newest() : await this.fullName(to);
    const commit = await this.git.commitOf(name);
    if (commit !== undefined) return { commit, version: await this.nameOf(commit) };
    throw new CommandFailed(
      `${this.source} has no ${to ?? 'commit'}`,
      `Its tags: ${(await this.tags()).slice(0, 10).join(', ') || 'none'}.`,
    );
  }

  async nameOf(commit: string): Promise<string> {
    const [tag] = await this.git.run(['tag', '--points-at', commit, '--sort=-version:refname']).then(lines);
    return tag ?? commit.slice(0, 12);
  }

  /** Commits of the template between two versions, newest first, a line each. */
  async between(from: string, to: string): Promise<string[]> {
    return lines(await this.git.run(['log', '--oneline', '--no-decorate', `${from}..${to}`]));
  }

  private async newest(): Promise<string> {
    const tag = (await this.tags()).find((name) => isVersion.test(name));
    return tag === undefined ? head : `refs/tags/${tag}`;
  }

  private async fullName(to: string): Promise<string> {
    const names = [`refs/tags/${to}`, `refs/heads/${to}`];
    for (const name of names) if ((await this.git.commitOf(name)) !== undefined) return name;
    return to;
  }

  private async tags(): Promise<string[]> {
    return lines(await this.git.run(['tag', '--list', '--sort=-version:refname']));
  }
}

const lines = (text: string): string[] => text.split('\n').filter(Boolean);
