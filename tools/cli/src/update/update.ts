import { existsSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import type { TemplateRecord } from '@causeway/generators/steps';
import { CommandFailed } from '../failure.js';
import { baseCommit } from './base-commit.js';
import { conflicts, decideGenerated, type Conflict } from './conflicts.js';
import { finish, newNxMigrations, openConflicts, readTemplateRecord } from './finish.js';
import { Git } from './git.js';
import { restoreMigrations, withOldMigrations } from './migration-files.js';
import { replayBoth } from './replay.js';
import { beginState, readState, stateFile, takeBack, unfinished, type UpdateState } from './state.js';
import { TemplateRepository, type TemplateVersion } from './template-repository.js';
import type { Tooling } from './tooling.js';
import { workFolder } from './work-folder.js';

export interface UpdateOptions {
  /** The template: URL or path. Default: the recorded one. */
  readonly from?: string;
  /** Tag, branch or commit. Default: the newest version. */
  readonly to?: string;
  /** Commit of the template that is in the repository. Default: it is found. */
  readonly base?: string;
  readonly dryRun?: boolean;
}

export interface UpdateParts {
  /** The root of the repository. */
  readonly repository: string;
  /** Keeps the template's history and what was replayed; Git ignores it. */
  readonly cache: string;
  readonly tooling: Tooling;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export type UpdateOutcome =
  | { readonly state: 'current'; readonly to: TemplateVersion }
  | { readonly state: 'planned'; readonly plan: UpdatePlan; readonly conflicts: readonly Conflict[] | undefined }
  | { readonly state: 'conflicts'; readonly update: UpdateState; readonly conflicts: readonly Conflict[] }
  | { readonly state: 'unfinished'; readonly update: UpdateState; readonly reason: string }
  | { readonly state: 'done'; readonly update: UpdateState };

export interface UpdatePlan {
  readonly repository: string;
  readonly branch: string;
  readonly from: TemplateVersion;
  readonly to: TemplateVersion;
  readonly record: TemplateRecord;
  /** Commits of the template in between, newest first. */
  readonly commits: readonly string[];
}

/**
 * Merges a newer version of the template into the repository, on a branch of its own.
 * @throws CommandFailed with what is in the way; then nothing has changed
 */
export async function update(options: UpdateOptions, parts: UpdateParts): Promise<UpdateOutcome> {
  const git = new Git(parts.repository, parts.signal);
  const file = await demandReady(git);
  const record = readTemplateRecord(parts.repository);
  const source = options.from ?? record.template.repository;
  if (source === undefined)
    throw new CommandFailed(
      'it is not recorded where the template is',
      'Name it once, a URL or a path: npx causeway update --from <repository>.',
    );
  parts.say(`fetching ${source}`);
  const template = await TemplateRepository.open(parts.cache, parts.repository, source, parts.signal);
  const to = await template.find(options.to);
  const recorded = record.template.commit;
  const base = await baseCommit(git, template, to.commit, { named: options.base, recorded });
  const from = { commit: base, version: await template.nameOf(base) };
  if (await isCurrent(template, from, to, options)) return { state: 'current', to };
  const branch = `template-update-${to.version}`;
  if (await git.succeeds('show-ref', '--verify', '--quiet', `refs/heads/${branch}`))
    throw new CommandFailed(
      `there is a branch ${branch} already`,
      `Merge it if that update is what you want; if not: git branch -D ${branch}.`,
    );
  const commits = await template.between(from.commit, to.commit);
  const plan: UpdatePlan = { repository: source, branch, from, to, record, commits };
  return prepare(plan, { git, file, template, parts, dryRun: options.dryRun ?? false });
}

async function isCurrent(
  template: TemplateRepository,
  from: TemplateVersion,
  to: TemplateVersion,
  options: UpdateOptions,
): Promise<boolean> {
  if (from.commit === to.commit) return true;
  if (!(await template.git.succeeds('merge-base', '--is-ancestor', to.commit, from.commit))) return false;
  if (options.to === undefined) return true;
  throw new CommandFailed(
    `${to.version} is older than ${from.version}, which this repository has`,
    'An update goes forward only; to go back, revert the merge of the update.',
  );
}

/** @returns the place of the state @throws CommandFailed with what is in the way */
async function demandReady(git: Git): Promise<string> {
  await demandRepository(git);
  const file = await stateFile(git);
  if (existsSync(file)) throw unfinished();
  if ((await git.commitOf('HEAD')) === undefined)
    throw new CommandFailed('there is no commit yet', 'Commit the repository first.');
  const marks = ['MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'rebase-merge', 'rebase-apply'];
  const places = await git.run(['rev-parse', ...marks.flatMap((mark) => ['--git-path', mark])]);
  if (places.split('\n').some((place) => existsSync(resolve(git.folder, place))))
    throw new CommandFailed('Git is in the middle of a merge, rebase or cherry-pick', 'Finish or abort it first.');
  if ((await git.run(['status', '--porcelain'])) !== '')
    throw new CommandFailed(
      'nothing was updated, because there are changes that are not committed',
      'Commit or stash them: the update is a merge.',
    );
  if (!(await git.succeeds('var', 'GIT_COMMITTER_IDENT')))
    throw new CommandFailed('Git does not know who you are', 'Set it: git config user.name … and user.email …');
  return file;
}

async function demandRepository(git: Git): Promise<void> {
  const { code, stdout } = await git.result(['rev-parse', '--show-prefix']);
  if (code !== 0 || stdout.trim() !== '')
    throw new CommandFailed(
      `${git.folder} is not the root of a Git repository`,
      'An update is a merge: it needs the repository’s history. Clone it with Git.',
    );
}

interface Preparation {
  readonly git: Git;
  readonly file: string;
  readonly template: TemplateRepository;
  readonly parts: UpdateParts;
  readonly dryRun: boolean;
}

async function prepare(plan: UpdatePlan, { git, file, template, parts, dryRun }: Preparation): Promise<UpdateOutcome> {
  const { say, signal, tooling } = parts;
  const generated = await tooling.generatedFiles(parts.repository);
  const work = workFolder(parts.cache);
  const replayed = await replayBoth(plan, plan.record.steps, { cache: template.git, work, tooling, say, signal });
  for (const { commit } of [replayed.from, replayed.to])
    await git.run(['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', template.git.folder, commit]);
  const { tree, kept } = await withOldMigrations(git, replayed.from.commit, replayed.to.commit);
  const title = (version: string): string => `Template ${version}, with the steps of this repository`;
  const base = await git.run(['commit-tree', `${replayed.from.commit}^{tree}`, '-m', title(plan.from.version)]);
  const merged = await git.run(['commit-tree', tree, '-p', base, '-m', title(plan.to.version)]);
  if (dryRun) return { state: 'planned', plan, conflicts: await expectedConflicts(git, base, merged) };
  const branch = await git.result(['symbolic-ref', '--quiet', '--short', 'HEAD']);
  const commit = await git.run(['rev-parse', 'HEAD']);
  const state: UpdateState = {
    original: branch.code === 0 ? { branch: branch.stdout.trim(), commit } : { commit },
    branch: plan.branch,
    from: plan.from,
    to: plan.to,
    repository: plan.repository,
    template: merged,
    leftOut: replayed.leftOut,
    keptMigrations: kept,
    generated,
    nxMigrations: await newNxMigrations(git, base, merged),
  };
  const names = new Set([...generated, ...replayed.from.generated, ...replayed.to.generated]);
  return merge(state, base, names, { git, file, parts });
}

/** @returns undefined where Git is too old to merge without files (2.38) */
async function expectedConflicts(git: Git, base: string, template: string): Promise<Conflict[] | undefined> {
  const joined = await git.run(['commit-tree', 'HEAD^{tree}', '-p', 'HEAD', '-p', base, '-m', 'dry run']);
  const { code, stdout } = await git.result([
    ...['merge-tree', '--write-tree', '--name-only', '-z', '--no-messages', '--allow-unrelated-histories'],
    ...[joined, template],
  ]);
  if (code > 1) return undefined;
  const [, ...files] = stdout.split('\0').filter(Boolean);
  return files.map((name) => ({ file: name, what: 'changed on both sides' }));
}

/** Takes everything back when it fails, is stopped, or the process ends. */
async function merge(
  state: UpdateState,
  base: string,
  generated: ReadonlySet<string>,
  { git, file, parts }: { readonly git: Git; readonly file: string; readonly parts: UpdateParts },
): Promise<UpdateOutcome> {
  const back = (): void => void takeBack(parts.repository, file, state);
  beginState(file, state);
  process.once('exit', back);
  try {
    parts.say(`merging on the branch ${state.branch}`);
    await git.run(['checkout', '--quiet', '-b', state.branch]);
    const joining = `Join the template ${state.from.version}: what this repository was made from`;
    await git.run([
      ...[
        'merge',
        '--quiet',
        '--no-ff',
        '--no-verify',
        '--strategy=ours',
        '--allow-unrelated-histories',
        '--message',
        joining,
      ],
      base,
    ]);
    const { code, stderr } = await git.result([
      ...['merge', '--quiet', '--no-ff', '--no-commit', '--no-verify'],
      ...['--message', `Merge the template ${state.to.version}`, state.template],
    ]);
    const left = await conflicts(git);
    if (code !== 0 && left.length === 0) throw new CommandFailed(`git merge failed: ${stderr.trim()}`);
    await decideGenerated(git, { base, fork: state.original.commit, template: state.template }, generated);
    await restoreMigrations(git, state.original.commit);
    const open = await conflicts(git);
    if (open.length > 0) return { state: 'conflicts', update: state, conflicts: open };
    await git.run(['commit', '--quiet', '--no-verify', '--no-edit']);
    return await finishOrStay(state, git, file, parts);
  } catch (error) {
    back();
    throw error;
  } finally {
    process.off('exit', back);
  }
}

/** A merge that does not build is a matter for a person, like a conflict: the branch stays, to be mended. */
async function finishOrStay(state: UpdateState, git: Git, file: string, parts: UpdateParts): Promise<UpdateOutcome> {
  try {
    await finish(state, { git, file, tooling: parts.tooling, say: parts.say });
  } catch (error) {
    if (parts.signal.aborted) throw error;
    return { state: 'unfinished', update: state, reason: (error as Error).message };
  }
  rmSync(file);
  return { state: 'done', update: state };
}

/** Goes on after conflicts are resolved, committed or staged. What a person did stays, whatever fails. */
export async function continueUpdate(parts: UpdateParts): Promise<UpdateOutcome> {
  const git = new Git(parts.repository, parts.signal);
  const { state, file } = await demandState(git);
  await demandBranch(git, state);
  const open = await openConflicts(git);
  if (open.length > 0) return { state: 'conflicts', update: state, conflicts: open };
  await restoreMigrations(git, state.original.commit);
  if ((await git.commitOf('MERGE_HEAD')) !== undefined) {
    await git.run(['add', '--all']);
    await git.run(['commit', '--quiet', '--no-verify', '--no-edit']);
  }
  if (!(await git.succeeds('merge-base', '--is-ancestor', state.template, 'HEAD')))
    throw new CommandFailed('the merge is gone', 'Begin again: npx causeway update --abort, then npx causeway update.');
  return finishOrStay(state, git, file, parts);
}

/** Forgets the update that has begun, with everything that was done on its branch. */
export async function abortUpdate(parts: UpdateParts): Promise<UpdateState> {
  const git = new Git(parts.repository, parts.signal);
  const { state, file } = await demandState(git);
  const on = await git.result(['symbolic-ref', '--quiet', '--short', 'HEAD']);
  if (on.stdout.trim() !== state.branch) {
    // Somebody went elsewhere: what is there is theirs.
    await git.result(['branch', '--quiet', '-D', state.branch]);
    rmSync(file, { force: true });
  } else if (!takeBack(parts.repository, file, state)) {
    throw new CommandFailed(
      'Git refused to go back',
      `Does another Git run here? Then wait and try again. By hand: git reset --hard, git checkout ${state.original.branch ?? state.original.commit}.`,
    );
  }
  return state;
}

async function demandState(git: Git): Promise<{ readonly state: UpdateState; readonly file: string }> {
  await demandRepository(git);
  const file = await stateFile(git);
  const state = readState(file);
  if (state === undefined) throw new CommandFailed('no update has begun', 'Begin one: npx causeway update.');
  return { state, file };
}

async function demandBranch(git: Git, { branch }: UpdateState): Promise<void> {
  const on = await git.result(['symbolic-ref', '--quiet', '--short', 'HEAD']);
  if (on.stdout.trim() !== branch)
    throw new CommandFailed(`the update is on the branch ${branch}`, `Go there: git switch ${branch}.`);
}
