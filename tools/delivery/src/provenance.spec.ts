import { pipelineRun, provenanceOf } from './provenance.js';

const release = { version: 'git-1', revision: 'a'.repeat(40), images: {} };

test.each([
  [
    'GitHub Actions',
    {
      GITHUB_ACTIONS: 'true',
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_REPOSITORY: 'shop/causeway',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_WORKFLOW_REF: 'shop/causeway/.github/workflows/deliver.yml@refs/heads/main',
      GITHUB_RUN_ID: '7',
      GITHUB_RUN_ATTEMPT: '2',
    },
    'https://github.com/shop/causeway/.github/workflows/deliver.yml@refs/heads/main',
    'https://github.com/shop/causeway/actions/runs/7/attempts/2',
  ],
  [
    'GitLab CI',
    {
      GITLAB_CI: 'true',
      CI_PROJECT_URL: 'https://gitlab.com/shop/causeway',
      CI_COMMIT_REF_NAME: 'main',
      CI_RUNNER_ID: '12',
      CI_JOB_URL: 'https://gitlab.com/shop/causeway/-/jobs/7',
    },
    'https://gitlab.com/shop/causeway/-/runners/12',
    'https://gitlab.com/shop/causeway/-/jobs/7',
  ],
  [
    'Jenkins',
    {
      JENKINS_URL: 'https://jenkins.shop.io/',
      GIT_URL: 'https://git.shop.io/causeway.git',
      BRANCH_NAME: 'main',
      BUILD_URL: 'https://jenkins.shop.io/job/causeway/7/',
    },
    'https://jenkins.shop.io/',
    'https://jenkins.shop.io/job/causeway/7/',
  ],
])('%s: who built it, in which run, from which commit', (_, env, builder, run) => {
  const provenance = JSON.stringify(provenanceOf('order', release, pipelineRun(env)));
  expect(provenance).not.toContain('undefined');
  expect(JSON.parse(provenance)).toMatchObject({
    buildDefinition: {
      externalParameters: { ref: 'refs/heads/main', dockerfile: 'docker/order.Dockerfile' },
      resolvedDependencies: [{ digest: { gitCommit: release.revision } }],
    },
    runDetails: { builder: { id: builder }, metadata: { invocationId: run } },
  });
});

test('outside a pipeline there is none', () => {
  expect(() => pipelineRun({})).toThrow('this is none');
});
