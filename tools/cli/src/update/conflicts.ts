import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordFile } from '@causeway/generators/steps';
import type { Git } from './git.js';
import { hasParts, withPartsOf } from './generated-parts.js';
import { mergeLocks, mergeObjects } from './json-files.js';

/** A file that a person has to decide about. */
export interface Conflict {
  readonly file: string;
  readonly what: string;
}

const lockFile = 'package-lock.json';
const contractRecord = 'libs/contracts/published.json';

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

interface MergedCommits {
  readonly base: string;
  readonly fork: string;
  readonly template: string;
}

/** Of a file in the three commits; undefined where it is not. */
const textsOf = (git: Git, { base, fork, template }: MergedCommits, file: string): Promise<(string | undefined)[]> =>
  Promise.all([base, fork, template].map((commit) => git.show(commit, file)));

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
 */
export async function decideGenerated(git: Git, commits: MergedCommits, generated: ReadonlySet<string>): Promise<void> {
  await decideLock(git, commits);
  for (const { file } of await conflicts(git)) {
    if (file === recordFile) await git.run(['checkout', commits.fork, '--', file]);
    else if (file === contractRecord) await decideContracts(git, commits);
    else if (generated.has(file)) await decideFile(git, commits, file);
  }
}

async function decideLock(git: Git, commits: MergedCommits): Promise<void> {
  const [old, ours, theirs] = await textsOf(git, commits, lockFile);
  if (ours === undefined || theirs === undefined || old === theirs) return;
  writeFileSync(join(git.folder, lockFile), mergeLocks(old ?? '{"packages":{}}', ours, theirs));
  await git.run(['add', '--', lockFile]);
}

/** Contracts that both added stand beside each other; one that both changed is for a person. */
async function decideContracts(git: Git, commits: MergedCommits): Promise<void> {
  const [old, ours, theirs] = await textsOf(git, commits, contractRecord);
  if (ours === undefined || theirs === undefined) return;
  const merged = mergeObjects(old ?? '{}', ours, theirs);
  if (merged === undefined) return;
  writeFileSync(join(git.folder, contractRecord), merged);
  await git.run(['add', '--', contractRecord]);
}

/** Deleted on one side, and nobody writes in it: `npm run generate` makes it again if there has to be one. */
async function decideFile(git: Git, commits: MergedCommits, file: string): Promise<void> {
  const [old, ours, theirs] = await textsOf(git, commits, file);
  const byPeople = [old, ours, theirs].some((text) => text !== undefined && hasParts(text));
  if (!byPeople) {
    if (ours !== undefined && theirs !== undefined) await git.run(['checkout', commits.fork, '--', file]);
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
