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
    externalParameters: { source, ref, dockerfile: `docker/${app}.Dockerfile` },
    resolvedDependencies: [{ uri: `git+${source}@${ref}`, digest: { gitCommit: revision } }],
  },
  runDetails: { builder: { id: builder }, metadata: { invocationId: run } },
});
