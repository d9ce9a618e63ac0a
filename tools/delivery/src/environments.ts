import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output, run } from '@causeway/launcher/run';
import { valuesToSet } from '@causeway/manifests';
import { releaseIn, setRelease } from './overlay.js';
import { DeliveryRefused } from './refused.js';
import type { BuiltRelease } from './release.js';

// An environment is a branch: `environments/staging` holds the manifests of the commit that is deployed, with the
// digests of its images. Its first parents are its history; a controller in the cluster (Argo CD, Flux) applies its head.

export interface Repository {
  /** A clone, with its history. */
  readonly folder: string;
  /** Default `origin`. */
  readonly remote?: string;
}

/** One commit of an environment. */
export interface DeployedRelease extends BuiltRelease {
  readonly commit: string;
}

const branchOf = (environment: string): string => `environments/${environment}`;
const overlayOf = (environment: string): string => `k8s/overlays/${environment}`;
const kustomizationOf = (environment: string): string => `${overlayOf(environment)}/kustomization.yaml`;

/**
 * Makes a release what an environment runs: a commit with the manifests of the release's own commit and the digests of
 * its images, pushed to the branch of the environment. Deploying the same again changes nothing.
 * @returns the commit of the environment
 * @throws DeliveryRefused when values of the overlay lead nowhere, when a newer commit is deployed already, or when
 * somebody else deployed meanwhile
 */
export async function deploy(repository: Repository, environment: string, release: BuiltRelease): Promise<string> {
  const git = gitIn(repository.folder);
  const head = await headOf(repository, environment);
  if (head) await refuseOlder(repository, environment, head, release);
  const tree = await withCheckout(repository.folder, release.revision, async (folder) => {
    const file = join(folder, kustomizationOf(environment));
    writeFileSync(file, setRelease(readFileSync(file, 'utf8'), release));
    refuseUnset(folder, environment);
    await gitIn(folder)('add', '--', kustomizationOf(environment));
    return gitIn(folder)('write-tree');
  });
  if (head && (await git('rev-parse', `${head}^{tree}`)) === tree) return head;
  const message = messageOf(`Deploy ${release.version} to ${environment}`, release);
  const parents = [...(head ? [head] : []), release.revision];
  const commit = await git('commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-m', message);
  await push(repository, environment, commit);
  return commit;
}

/** What an environment runs. @throws DeliveryRefused when nothing was deployed to it */
export async function current(repository: Repository, environment: string): Promise<DeployedRelease> {
  const head = await headOf(repository, environment);
  if (!head)
    throw new DeliveryRefused(`Nothing was deployed to ${environment}: there is no branch ${branchOf(environment)}.`);
  return deploymentOf(repository, environment, head);
}

/**
 * Puts back a version that the environment ran before: manifests and images, in a new commit.
 * @param check Runs before anything is pushed, and throws to prevent it.
 * @param version Default: the one before the current version was first deployed, so that two rollbacks go back twice.
 * @throws DeliveryRefused when there is none
 */
export async function rollBack(
  repository: Repository,
  environment: string,
  version?: string,
  check: (release: BuiltRelease) => Promise<void> = () => Promise.resolve(),
): Promise<DeployedRelease> {
  const git = gitIn(repository.folder);
  const { commit: head, version: running } = await current(repository, environment);
  const commits = (
    await git('log', '--first-parent', '--format=%H %(trailers:key=Environment,valueonly,separator=)', head)
  )
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, of]) => of === environment)
    .map(([commit]) => commit!);
  const history = await Promise.all(commits.map((commit) => deploymentOf(repository, environment, commit)));
  const wanted = version
    ? history.find((deployment) => deployment.version === version)
    : history[history.findLastIndex((deployment) => deployment.version === running) + 1];
  if (!wanted)
    throw new DeliveryRefused(
      `${environment} never ran ${version ?? `anything before ${running}`}; it ran ${[...new Set(history.map((one) => one.version))].join(', ')}.`,
    );
  await check(wanted);
  const message = messageOf(`Roll ${environment} back to ${wanted.version}`, wanted, environment);
  const commit = await git('commit-tree', `${wanted.commit}^{tree}`, '-p', head, '-m', message);
  await push(repository, environment, commit);
  return { ...wanted, commit };
}

async function deploymentOf({ folder }: Repository, environment: string, commit: string): Promise<DeployedRelease> {
  const git = gitIn(folder);
  const { version, images } = releaseIn(await git('show', `${commit}:${kustomizationOf(environment)}`));
  const revision = await git('log', '-1', '--format=%(trailers:key=Revision,valueonly,separator=)', commit);
  return { commit, version, revision, images };
}

function messageOf(title: string, { revision }: BuiltRelease, environment = title.split(' ').at(-1)!): string {
  return `${title}\n\nEnvironment: ${environment}\nRevision: ${revision}`;
}

/** A pipeline that was overtaken, or is run again, must not take an environment back. */
async function refuseOlder(
  repository: Repository,
  environment: string,
  head: string,
  { version, revision }: BuiltRelease,
): Promise<void> {
  const running = await deploymentOf(repository, environment, head);
  if (running.revision === revision) return;
  const isAncestor = [
    'git',
    '-C',
    repository.folder,
    'merge-base',
    '--is-ancestor',
    revision,
    running.revision,
  ] as const;
  if ((await run(isAncestor)).code === 0)
    throw new DeliveryRefused(
      `${environment} runs ${running.version}, which is newer than ${version} and contains it: nothing was changed. ` +
        `To go back on purpose: npm run rollback -- ${environment} --version=${version}`,
    );
}

function refuseUnset(folder: string, environment: string): void {
  const unset = valuesToSet(folder, overlayOf(environment)).filter(({ certain }) => certain);
  if (unset.length === 0) return;
  const lines = unset.map(({ file, line, value, what }) => `  ${file}:${line}  ${value}  (${what})`);
  throw new DeliveryRefused(
    `${environment} cannot be deployed: ${unset.length} values lead nowhere until you set them and commit.\n${lines.join('\n')}`,
  );
}

async function headOf({ folder, remote = 'origin' }: Repository, environment: string): Promise<string | undefined> {
  const git = gitIn(folder);
  const listed = await git('ls-remote', remote, `refs/heads/${branchOf(environment)}`);
  if (listed === '') return undefined;
  await git('fetch', '--quiet', '--no-tags', remote, `refs/heads/${branchOf(environment)}`);
  return listed.split('\t')[0];
}

async function push({ folder, remote = 'origin' }: Repository, environment: string, commit: string): Promise<void> {
  const target = `${commit}:refs/heads/${branchOf(environment)}`;
  const { code, stderr } = await run(['git', '-C', folder, 'push', '--quiet', remote, target]);
  if (code !== 0)
    throw new DeliveryRefused(
      `${branchOf(environment)} could not be pushed. If somebody deployed at the same moment, run it again; else the ` +
        `pipeline may not write to that branch (docs/guides/deliver.md).\n${stderr}`,
    );
}

/** Hands over a folder with the files of a commit; the clone's own files stay as they are. */
async function withCheckout<T>(folder: string, commit: string, use: (folder: string) => Promise<T>): Promise<T> {
  const place = mkdtempSync(join(tmpdir(), 'causeway-deploy-'));
  try {
    await gitIn(folder)('worktree', 'add', '--quiet', '--detach', place, commit);
    return await use(place);
  } finally {
    rmSync(place, { recursive: true, force: true });
    await gitIn(folder)('worktree', 'prune');
  }
}

/** Commits of a pipeline are made by no person. */
const author = { GIT_AUTHOR_NAME: 'Deliver', GIT_AUTHOR_EMAIL: 'deliver@localhost' };
const committer = { GIT_COMMITTER_NAME: author.GIT_AUTHOR_NAME, GIT_COMMITTER_EMAIL: author.GIT_AUTHOR_EMAIL };

const gitIn =
  (folder: string) =>
  (...args: string[]): Promise<string> =>
    output(['git', '-C', folder, ...args], { env: { ...process.env, ...author, ...committer } });
