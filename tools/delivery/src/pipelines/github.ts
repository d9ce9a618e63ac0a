import { parse } from 'yaml';

interface Job {
  readonly if?: string;
  readonly needs?: string | readonly string[];
  readonly permissions?: Readonly<Record<string, string>> | string;
  readonly environment?: string;
  readonly concurrency?: unknown;
  readonly 'timeout-minutes'?: number;
  readonly steps: readonly {
    readonly uses?: string;
    readonly run?: string;
    readonly with?: Readonly<Record<string, unknown>>;
  }[];
}

interface Workflow {
  readonly concurrency?: { readonly group?: string };
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** The jobs that may write, and what for. Every other permission is `read`, or not there. */
const mayWrite: Readonly<Record<string, readonly string[]>> = {
  // Images, and what is said of them beside them in the registry.
  packages: ['images', 'sign', 'provenance'],
  // The identity that signs.
  'id-token': ['sign', 'provenance'],
};

/**
 * The token that GitHub makes for one run, and the deploy key that may push to the branches of the environments: GitHub
 * lets nobody exempt that token from the protection of a branch. Secrets of an environment, for these jobs alone.
 * REGISTRY_PASSWORD is for registries other than GitHub's own, which must not get GitHub's token.
 */
const secretsAllowed = ['GITHUB_TOKEN', 'DEPLOY_KEY', 'REGISTRY_PASSWORD'];
const mayPush = ['deploy', 'promote', 'rollback'];

/** What a workflow must keep to beyond its syntax: pinned actions, least permissions, nothing for strangers. */
export function workflowProblems(text: string): string[] {
  const workflow = parse(text) as Workflow;
  const problems = [...pinProblems(text), ...secretProblems(text)];
  if (JSON.stringify(workflow.permissions) !== '{}') problems.push('permissions: must be {} for the whole workflow');
  if ('pull_request_target' in workflow.on || 'workflow_run' in workflow.on)
    problems.push('on: pull_request_target and workflow_run give the code of strangers our rights');
  if (!workflow.concurrency?.group?.includes('github.run_id'))
    problems.push('concurrency: runs on main must not wait for each other, nor a rollback for a release');
  if (/github\.event\.before/.test(text))
    problems.push('github.event.before: a push whose checks failed would never be checked again');
  for (const [name, job] of Object.entries(workflow.jobs))
    problems.push(...jobProblems(name, job, workflow).map((problem) => `${name}: ${problem}`));
  return problems;
}

const pinProblems = (text: string): string[] =>
  [...text.matchAll(/^\s*-?\s*uses:\s*(.+)$/gm)]
    .map(([, action]) => action!)
    .filter((action) => !/^[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))
    .map((action) => `${action}: pin it by commit (40 hex digits), with its version as a comment`);

const secretProblems = (text: string): string[] =>
  [...text.matchAll(/secrets(?:\.|\[')(\w+)|secrets:\s*inherit/g)]
    .filter(([, name]) => !secretsAllowed.includes(name ?? ''))
    .map(([found]) => `${found}: no secret but ${secretsAllowed.join(', ')} is wanted`);

function jobProblems(name: string, job: Job, { jobs }: Workflow): string[] {
  const problems: string[] = [];
  if (typeof job.permissions !== 'object') return ['permissions: name each one'];
  for (const [scope, level] of Object.entries(job.permissions)) {
    if (level === 'write' && !mayWrite[scope]?.includes(name))
      problems.push(`permissions: ${scope}: write is not wanted here`);
  }
  // A job holds its group while it waits for its reviewers, and a third one in the group is cancelled.
  if (job.environment !== undefined && job.concurrency !== undefined)
    problems.push('concurrency: a promotion that waits for a person would hold up a rollback');
  if (job['timeout-minutes'] === undefined) problems.push('timeout-minutes is missing');
  const pushes = JSON.stringify(job).includes('secrets.DEPLOY_KEY');
  if (pushes !== mayPush.includes(name)) problems.push(`DEPLOY_KEY belongs to ${mayPush.join(', ')}`);
  if (pushes && job.environment === undefined)
    problems.push('environment: it keeps DEPLOY_KEY, and says who may have it');
  const writes = pushes || Object.values(job.permissions).includes('write');
  if (writes && !onlyOnMain(name, jobs))
    problems.push('if: a job that writes runs on main only, or after one that does');
  for (const { uses = '', run = '', with: inputs } of job.steps) {
    if (uses.startsWith('docker/login-action@')) problems.push(...loginProblems(inputs));
    if (uses.startsWith('actions/checkout@') && !pushes && inputs?.['persist-credentials'] !== false)
      problems.push('persist-credentials: false is missing at checkout');
    if (/\$\{\{/.test(run)) problems.push(`run: hand values over in env, not inside the command: ${run}`);
  }
  return problems;
}

/** A registry that a setting names gets a password of its own; the token of the run goes to GitHub's alone. */
function loginProblems({ registry, password }: Readonly<Record<string, unknown>> = {}): string[] {
  if (registry !== '${{ env.REGISTRY }}') return ['registry: take it from REGISTRY'];
  return password === "${{ env.REGISTRY == 'ghcr.io' && secrets.GITHUB_TOKEN || secrets.REGISTRY_PASSWORD }}"
    ? []
    : ['password: secrets.GITHUB_TOKEN is for ghcr.io only'];
}

/** By its own condition, or because it needs a job that has one. */
function onlyOnMain(name: string, jobs: Workflow['jobs']): boolean {
  const { if: condition = '', needs = [] } = jobs[name] ?? {};
  if (/github\.ref == 'refs\/heads\/main'/.test(condition) && !condition.includes('||')) return true;
  // `always()` and the like would run it after a job that was skipped.
  if (condition !== '') return false;
  return [needs].flat().some((needed) => onlyOnMain(needed as string, jobs));
}
