import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { renameText, titleOf } from '@causeway/generators/names';
import type { TemplateStep } from '@causeway/generators/steps';
import { Stopped } from './child-process.js';
import { Git } from './git.js';
import type { TemplateVersion } from './template-repository.js';
import type { Tooling } from './tooling.js';

/** A step that a version cannot do. */
export interface LeftOutStep {
  readonly step: TemplateStep;
  readonly version: string;
  readonly reason: string;
}

/** A version of the template with the fork's steps done to it. */
export interface ReplayedVersion {
  /** In the template's cache; without parents. */
  readonly commit: string;
  readonly steps: readonly TemplateStep[];
  /** Under the fork's names. */
  readonly generated: readonly string[];
}

interface ReplayParts {
  /** The template's cache. */
  readonly cache: Git;
  /** A folder of its own; it is made and removed. */
  readonly work: string;
  readonly tooling: Tooling;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Does the steps on the new and on the old version. What one of them cannot do is left out on both: then the fork keeps
 * what the step once made, as if somebody had written it by hand.
 */
export async function replayBoth(
  versions: { readonly from: TemplateVersion; readonly to: TemplateVersion },
  steps: readonly TemplateStep[],
  parts: ReplayParts,
): Promise<{ from: ReplayedVersion; to: ReplayedVersion; leftOut: LeftOutStep[] }> {
  const leftOut: LeftOutStep[] = [];
  try {
    for (let wanted = steps; ;) {
      const to = await replay(versions.to, wanted, leftOut, parts);
      const from = await replay(versions.from, to.steps, leftOut, parts);
      if (from.steps.length === to.steps.length) return { from, to, leftOut };
      wanted = from.steps;
    }
  } finally {
    rmSync(parts.work, { recursive: true, force: true });
  }
}

/**
 * Does the steps on one version.
 * @param parts.cachedOnly Only what an earlier run has kept: takes no time.
 * @returns undefined when nothing was kept, or a step cannot be done
 */
export async function replayOne(
  version: TemplateVersion,
  steps: readonly TemplateStep[],
  { cachedOnly, ...parts }: ReplayParts & { readonly cachedOnly: boolean },
): Promise<ReplayedVersion | undefined> {
  if (cachedOnly) return fromCache(version, steps, parts.cache);
  try {
    const leftOut: LeftOutStep[] = [];
    const replayed = await replay(version, steps, leftOut, parts);
    return leftOut.length === 0 ? replayed : undefined;
  } finally {
    rmSync(parts.work, { recursive: true, force: true });
  }
}

async function replay(
  version: TemplateVersion,
  steps: readonly TemplateStep[],
  leftOut: LeftOutStep[],
  parts: ReplayParts,
): Promise<ReplayedVersion> {
  const cached = await fromCache(version, steps, parts.cache);
  if (cached !== undefined) return cached;
  const { work, tooling, say } = parts;
  const git = await checkOut(version, parts);
  say(`installing and building the template ${version.version}`);
  await tooling.setUp(work);
  const before = JSON.parse(readFileSync(join(work, 'package.json'), 'utf8')) as { name: string };
  const listed = await tooling.generatedFiles(work);
  const done: TemplateStep[] = [];
  const lastOfAll = steps.findLast(({ generator }) => generator !== 'rename');
  for (const step of renameLast(steps)) {
    say(`${version.version}: ${describe(step)}`);
    try {
      await tooling.runStep(work, step, step === lastOfAll);
      await git.run(['add', '--all']);
      await git.run(['commit', '--quiet', '--no-verify', '--allow-empty', '--message', step.generator]);
      done.push(step);
    } catch (error) {
      if (error instanceof Stopped) throw error;
      await git.run(['reset', '--quiet', '--hard']);
      await git.run(['clean', '--quiet', '-fd']);
      leftOut.push({ step, version: version.version, reason: (error as Error).message });
      say(`left out on both sides: ${describe(step)}, because ${(error as Error).message.split('\n').at(-1)}`);
    }
  }
  const inOrder = steps.filter((step) => done.includes(step));
  const generated = renamed(listed, before.name, inOrder);
  return store(version, inOrder, generated, git, parts.cache);
}

/**
 * The generators of a version know the template's names. They run before the files get others: so nothing has to be
 * installed and built again in between, and the text is the same, because a rename replaces words wherever they are.
 */
const renameLast = (steps: readonly TemplateStep[]): TemplateStep[] => [
  ...steps.filter(({ generator }) => generator !== 'rename'),
  ...steps.filter(({ generator }) => generator === 'rename'),
];

export const describe = ({ generator, options }: TemplateStep): string =>
  [generator, typeof options['name'] === 'string' ? options['name'] : undefined].filter(Boolean).join(' ');

/** One folder for both versions: the second needs `npm ci` only when the locks differ. */
async function checkOut(version: TemplateVersion, { cache, work, signal }: ReplayParts): Promise<Git> {
  mkdirSync(work, { recursive: true });
  const git = new Git(work, signal, neutral);
  await git.run(['init', '--quiet']);
  await git.run(['fetch', '--quiet', '--no-tags', '--depth=1', `file://${cache.folder}`, version.commit]);
  await git.run(['checkout', '--quiet', '--force', '--detach', version.commit]);
  await git.run(['clean', '--quiet', '-fd']);
  return git;
}

/** Nobody's: the commit is a place for files, and the same files give the same commit. */
const neutral = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'template',
  GIT_AUTHOR_EMAIL: 'template@localhost',
  GIT_AUTHOR_DATE: '2000-01-01T00:00:00Z',
  GIT_COMMITTER_NAME: 'template',
  GIT_COMMITTER_EMAIL: 'template@localhost',
  GIT_COMMITTER_DATE: '2000-01-01T00:00:00Z',
};

function renamed(files: readonly string[], name: string, steps: readonly TemplateStep[]): string[] {
  const options = steps.find(({ generator }) => generator === 'rename')?.options;
  if (typeof options?.['name'] !== 'string') return [...files];
  const to = options['name'];
  return files.map((file) => renameText(file, { name, title: titleOf(name) }, { name: to, title: titleOf(to) }));
}

const refOf = (version: TemplateVersion, steps: readonly TemplateStep[]): string =>
  `refs/replayed/${version.commit}/${createHash('sha256').update(JSON.stringify(steps)).digest('hex').slice(0, 16)}`;

async function fromCache(
  version: TemplateVersion,
  steps: readonly TemplateStep[],
  cache: Git,
): Promise<ReplayedVersion | undefined> {
  const commit = await cache.commitOf(refOf(version, steps));
  if (commit === undefined) return undefined;
  const generated = JSON.parse(await cache.run(['log', '-1', '--format=%B', commit])) as string[];
  return { commit, steps, generated };
}

async function store(
  version: TemplateVersion,
  steps: readonly TemplateStep[],
  generated: readonly string[],
  git: Git,
  cache: Git,
): Promise<ReplayedVersion> {
  const commit = await git.run(['commit-tree', 'HEAD^{tree}', '-F', '-'], JSON.stringify(generated));
  await cache.run(['fetch', '--quiet', '--no-tags', git.folder, `+${commit}:${refOf(version, steps)}`]);
  return { commit, steps, generated };
}
