import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordFile } from '@causeway/generators/steps';
import type { Git } from './git.js';
import { hasParts, withPartsOf } from './generated-parts.js';
import { mergeLocks } from './lock-file.js';

/** A file that a person has to decide about. */
export interface Conflict {
  readonly file: string;
  readonly what: string;
}

export const lockFile = 'package-lock.json';

/** By the two letters of `git status`: this repository, the template. */
const kinds: Readonly<Record<string, string>> = {
  UU: 'changed here and in the template',
  AA: 'added here and in the template',
  DU: 'deleted or moved here, changed in the template',
  UD: 'changed here, deleted or moved in the template',
  AU: 'moved here, and something else in the template',
  UA: 'moved in the template, and something else here',
  DD: 'moved to two places',
};

export async function conflicts(git: Git): Promise<Conflict[]> {
  const entries = await git.list('status', '--porcelain=v1', '-z', '--untracked-files=no', '--no-renames');
  return entries.flatMap((entry) => {
    const what = kinds[entry.slice(0, 2)];
    return what === undefined ? [] : [{ file: entry.slice(3), what }];
  });
}

/**
 * Decides about the files of a merge that nobody should have to read: the lock, the record, and what is generated. What
 * is left of them is regenerated afterwards.
 * @param commits base, fork and template
 */
export async function decideGenerated(
  git: Git,
  commits: { readonly base: string; readonly fork: string; readonly template: string },
  generated: ReadonlySet<string>,
): Promise<void> {
  await decideLock(git, commits);
  for (const { file } of await conflicts(git)) {
    if (file === recordFile) await git.run(['checkout', commits.fork, '--', file]);
    else if (generated.has(file)) await decideFile(git, commits, file);
  }
}

async function decideLock(
  git: Git,
  { base, fork, template }: { readonly base: string; readonly fork: string; readonly template: string },
): Promise<void> {
  const [old, ours, theirs] = await Promise.all([base, fork, template].map((commit) => git.show(commit, lockFile)));
  if (ours === undefined || theirs === undefined || old === theirs) return;
  writeFileSync(join(git.folder, lockFile), mergeLocks(old ?? '{"packages":{}}', ours, theirs));
  await git.run(['add', '--', lockFile]);
}

/** Deleted on one side, and nobody writes in it: `npm run generate` makes it again if there has to be one. */
async function decideFile(
  git: Git,
  { base, fork, template }: { readonly base: string; readonly fork: string; readonly template: string },
  file: string,
): Promise<void> {
  const [old, ours, theirs] = await Promise.all([base, fork, template].map((commit) => git.show(commit, file)));
  const byPeople = [old, ours, theirs].some((text) => text !== undefined && hasParts(text));
  if (!byPeople) {
    if (ours !== undefined && theirs !== undefined) await git.run(['checkout', fork, '--', file]);
    else await git.run(['rm', '--quiet', '--force', '--', file]);
    return;
  }
  if (ours === undefined || theirs === undefined) return;
  const merged = await mergeTexts(git, ours, withPartsOf(old ?? '', ours), withPartsOf(theirs, ours));
  writeFileSync(join(git.folder, file), merged.text);
  if (merged.clean) await git.run(['add', '--', file]);
}

async function mergeTexts(
  git: Git,
  ours: string,
  base: string,
  theirs: string,
): Promise<{ text: string; clean: boolean }> {
  const folder = mkdtempSync(join(tmpdir(), 'update-merge-'));
  try {
    const names = Object.entries({ ours, base, theirs }).map(([name, text]) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    });
    const labels = ['this repository', 'before', 'the template'].flatMap((label) => ['-L', label]);
    const { code } = await git.result(['merge-file', '--quiet', ...labels, ...names]);
    return { text: readFileSync(join(folder, 'ours'), 'utf8'), clean: code === 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
