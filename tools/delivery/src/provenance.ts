import { DeliveryRefused } from './refused.js';
import type { BuiltRelease } from './release.js';

/** A run of a pipeline, as its system describes it in the environment. */
export interface PipelineRun {
  /** Where the source is: `https://github.com/shop/causeway`. */
  readonly source: string;
  /** `refs/heads/main` */
  readonly ref: string;
  /** Who built: a URI. */
  readonly builder: string;
  /** This run: a URL. */
  readonly run: string;
}

/** @throws DeliveryRefused outside GitHub Actions, GitLab CI and Jenkins: nobody could check what it would say */
export function pipelineRun(env: NodeJS.ProcessEnv): PipelineRun {
  if (env['GITHUB_ACTIONS']) {
    const source = `${env['GITHUB_SERVER_URL']}/${env['GITHUB_REPOSITORY']}`;
    return {
      source,
      ref: `${env['GITHUB_REF']}`,
      builder: `${env['GITHUB_SERVER_URL']}/${env['GITHUB_WORKFLOW_REF']}`,
      run: `${source}/actions/runs/${env['GITHUB_RUN_ID']}/attempts/${env['GITHUB_RUN_ATTEMPT']}`,
    };
  }
  if (env['GITLAB_CI'])
    return {
      source: `${env['CI_PROJECT_URL']}`,
      ref: `refs/heads/${env['CI_COMMIT_REF_NAME']}`,
      builder: `${env['CI_PROJECT_URL']}/-/runners/${env['CI_RUNNER_ID']}`,
      run: `${env['CI_JOB_URL']}`,
    };
  if (env['JENKINS_URL'])
    return {
      source: `${env['GIT_URL']}`,
      ref: `refs/heads/${env['BRANCH_NAME'] ?? env['GIT_BRANCH']}`,
      builder: `${env['JENKINS_URL']}`,
      run: `${env['BUILD_URL']}`,
    };
  throw new DeliveryRefused(
    'Provenance says which pipeline built an image, and this is none (GITHUB_ACTIONS, GITLAB_CI and JENKINS_URL are not set): run it there.',
  );
}

/** What an image has to be built from, to count as that of an app in a release. */
export interface Origin {
  readonly app: string;
  /** The whole commit. */
  readonly revision: string;
}

/**
 * The predicate of SLSA provenance 1.0 (slsa.dev/spec/v1.0/provenance) for one app of a release. A step of the
 * build makes it, so whoever breaks into the build can write another: level 1 of SLSA, and no more.
 */
export const provenanceOf = (
  app: string,
  { revision }: BuiltRelease,
  { source, ref, builder, run }: PipelineRun,
): unknown => ({
  buildDefinition: {
    buildType: `${source}/blob/${revision}/docs/guides/deliver.md`,
    externalParameters: { source, ref, dockerfile: dockerfileOf(app) },
    resolvedDependencies: [{ uri: `git+${source}@${ref}`, digest: { gitCommit: revision } }],
  },
  runDetails: { builder: { id: builder }, metadata: { invocationId: run } },
});

/**
 * Compares a signed provenance with what is to be deployed. A signature alone says that the pipeline built the image at
 * some time: an old image, or that of another app, would pass for the one that the manifests were written for.
 * @returns what is wrong with it; undefined when it fits
 */
export function misfit(predicate: unknown, { app, revision }: Origin): string | undefined {
  const { externalParameters, resolvedDependencies } = (predicate as Partial<Predicate>)?.buildDefinition ?? {};
  const commits = (resolvedDependencies ?? []).flatMap(({ digest }) => digest?.gitCommit ?? []);
  if (commits.length !== 1 || commits[0] !== revision)
    return `its provenance says it was built from commit ${commits.join(' and ') || 'unknown'}, not from ${revision}`;
  const { dockerfile } = externalParameters ?? {};
  if (dockerfile !== dockerfileOf(app))
    return `its provenance says it was built by ${dockerfile ?? 'an unknown Dockerfile'}, not by ${dockerfileOf(app)}`;
  return undefined;
}

/** What is read of a predicate. Others write provenances, too, so nothing of it is certain. */
interface Predicate {
  readonly buildDefinition: {
    readonly externalParameters?: { readonly dockerfile?: string };
    readonly resolvedDependencies?: readonly { readonly digest?: { readonly gitCommit?: string } }[];
  };
}

const dockerfileOf = (app: string): string => `docker/${app}.Dockerfile`;
