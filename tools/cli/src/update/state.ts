import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { CommandFailed } from '../failure.js';
import { killChildren } from './child-process.js';
import { gitNow, type Git } from './git.js';
import type { LeftOutStep } from './replay.js';
import type { KeptMigration } from './migration-files.js';
import type { TemplateVersion } from './template-repository.js';

/** An update that has begun, in Git's own folder: what `--continue` and `--abort` go by. */
export interface UpdateState {
  /** Where the person was. Without a branch: a detached HEAD. */
  readonly original: { readonly branch?: string; readonly commit: string };
  readonly branch: string;
  readonly from: TemplateVersion;
  readonly to: TemplateVersion;
  readonly repository: string;
  /** The new version in this repository: the second parent of the merge. */
  readonly template: string;
  readonly leftOut: readonly LeftOutStep[];
  readonly keptMigrations: readonly KeptMigration[];
  /** What `npm run generate` wrote before. */
  readonly generated: readonly string[];
  /** Entries of `migrations.json` that are still to be run. */
  readonly nxMigrations: readonly string[];
}

export async function stateFile(git: Git): Promise<string> {
  const path = await git.run(['rev-parse', '--git-path', 'template-update.json']);
  return isAbsolute(path) ? path : join(git.folder, path);
}

export function readState(file: string): UpdateState | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as UpdateState) : undefined;
}

/** @throws CommandFailed when another update has begun */
export function beginState(file: string, state: UpdateState): void {
  try {
    closeSync(openSync(file, 'wx'));
  } catch {
    throw unfinished();
  }
  writeState(file, state);
}

export function writeState(file: string, state: UpdateState): void {
  writeFileSync(file, `${JSON.stringify(state, null, 2)}\n`);
}

export const unfinished = (): CommandFailed =>
  new CommandFailed(
    'an update has begun and is not finished',
    'Go on with npx causeway update --continue, or forget it with npx causeway update --abort.',
  );

/**
 * Leaves the repository as it was before the update: its branch, its files, and no branch of ours. Everything at once
 * and without waiting, because it also runs while the process ends.
 * @returns false when Git refused a part of it; then the state stays, for another try
 */
export function takeBack(folder: string, file: string, { original, branch }: UpdateState): boolean {
  // What was killed has left its lock behind.
  if (killChildren() > 0) rmSync(join(dirname(file), 'index.lock'), { force: true });
  const git = (...args: string[]): boolean => gitNow(folder, ...args);
  // A file that Git does not know is one that the update has written: the tree was clean before it.
  git('add', '--all');
  const back =
    git('reset', '--quiet', '--hard') &&
    git(
      'checkout',
      '--quiet',
      '--force',
      ...(original.branch === undefined ? ['--detach', original.commit] : [original.branch]),
    );
  if (!back) return false;
  git('branch', '--quiet', '-D', branch);
  rmSync(file, { force: true });
  return true;
}
