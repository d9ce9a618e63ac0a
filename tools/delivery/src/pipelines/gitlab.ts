import { parse } from 'yaml';

interface Job {
  readonly stage?: string;
  readonly before_script?: readonly string[];
  readonly script?: readonly string[];
  readonly id_tokens?: unknown;
  readonly rules?: readonly { readonly if?: string; readonly when?: string }[];
}

/** Who may do what, by job: the identity that signs, the right to push, the engine of the runner. */
const rights: readonly {
  readonly what: string;
  readonly jobs: readonly string[];
  readonly has: (job: Job) => boolean;
}[] = [
  { what: 'id_tokens', jobs: ['sign', 'provenance'], has: (job) => job.id_tokens !== undefined },
  {
    what: 'DEPLOY_TOKEN',
    jobs: ['deploy', 'promote', 'rollback'],
    has: (job) => textOf(job).includes('DEPLOY_TOKEN'),
  },
  { what: 'docker login', jobs: ['images', 'sbom', 'scan'], has: (job) => textOf(job).includes('docker login') },
];

const onDefaultBranch = '$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH';

/** @param text What `gitlab-ci-local --preview` prints. */
export function gitlabProblems(text: string): string[] {
  const document = parse(text) as Record<string, Job>;
  const jobs = Object.entries(document).filter(([, job]) => job?.stage !== undefined);
  return jobs.flatMap(([name, job]) => [
    ...rights
      .filter(({ jobs: allowed, has }) => has(job) !== allowed.includes(name))
      .map(({ what, jobs: allowed }) => `${name}: ${what} belongs to ${allowed.join(', ')}`),
    ...(name === 'affected' || runsOnMainOnly(job) ? [] : [`${name}: rules: runs on branches`]),
    ...(/git (remote set-url|config)\b/.test(textOf(job)) && textOf(job).includes('DEPLOY_TOKEN')
      ? [`${name}: git config and remote keep the token in the runner's folder, for the next job of any branch`]
      : []),
    ...(name === 'promote' && job.rules?.at(-1)?.when !== 'manual' ? ['promote: nobody is asked'] : []),
  ]);
}

const textOf = ({ before_script = [], script = [] }: Job): string => [...before_script, ...script].join('\n');

const runsOnMainOnly = ({ rules = [] }: Job): boolean =>
  rules.length > 0 && rules.every((rule) => rule.when === 'never' || rule.if?.endsWith(onDefaultBranch));
