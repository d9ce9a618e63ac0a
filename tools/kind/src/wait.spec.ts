import type { Rendered } from '@causeway/manifests';
import { jest } from '@jest/globals';
import type { Observed } from './faults.js';
import { Kubectl } from './kubectl.js';
import { FakePrograms } from './testing/fake-programs.js';
import { waitUntilReady } from './wait.js';

// Every call of kubectl is a process.
jest.setTimeout(120_000);

const manifest = (kind: string, name: string) => ({ file: 'x', body: { apiVersion: 'v1', kind, metadata: { name } } });
const rendered: Rendered = {
  overlay: 'kind',
  manifests: [manifest('Deployment', 'user'), manifest('Job', 'user-migrate-1'), manifest('Service', 'user')],
};
const failedJob: Observed = {
  kind: 'Job',
  metadata: { name: 'user-migrate-1' },
  status: {
    conditions: [{ type: 'Failed', status: 'True', message: 'Job has reached the specified backoff limit' }],
  },
};
const pod = (name: string, rest: Observed['status'] = {}, owner?: string): Observed => ({
  kind: 'Pod',
  metadata: {
    name,
    creationTimestamp: '2026-01-01T00:00:00Z',
    ownerReferences: owner ? [{ kind: 'Job', name: owner }] : [],
  },
  status: { phase: 'Running', ...rest },
});
const waiting = (reason: string, restartCount = 0, message?: string): Observed =>
  pod('user-5d4-x', {
    containerStatuses: [{ name: 'service', restartCount, state: { waiting: { reason, message } } }],
  });

const rollout = { to: 'kubectl rollout status deployment/user' };
const rolling = { ...rollout, stdout: 'Waiting for deployment "user" rollout to finish\n', hangs: true };
const late = { ...rollout, code: 1, stderr: 'error: timed out waiting for the condition\n' };
const migration = { to: 'kubectl wait --for=condition=Complete job/user-migrate-1' };
const objects = (...items: Observed[]) => ({ to: 'kubectl get jobs,pods', stdout: JSON.stringify({ items }) });

let fakes: FakePrograms;
beforeEach(() => (fakes = new FakePrograms()));
afterEach(() => fakes.remove());
const lines: string[] = [];
const wait = () => {
  lines.length = 0;
  const options = { timeoutMs: 60_000, lookMs: 1, say: (line: string) => lines.push(line) };
  return waitUntilReady(new Kubectl('some'), rendered, options);
};
const failure = () =>
  wait().then(
    () => 'no failure',
    (error: Error) => error.message,
  );

test('shows what kubectl waits for, and ends when everything is ready', async () => {
  fakes.answer([
    { ...rollout, stdout: '0 of 2 updated replicas are available\ndeployment "user" successfully rolled out\n' },
    migration,
    objects(),
  ]);
  await wait();
  expect(lines).toEqual([
    'waiting for deployment/user, job/user-migrate-1',
    '0 of 2 updated replicas are available',
    'deployment "user" successfully rolled out',
    expect.stringMatching(/^everything is ready after \d+ s$/),
  ]);
  expect(fakes.asked).toContain('kubectl rollout status deployment/user --timeout=60s');
  expect(fakes.calls.every(({ context }) => context === 'some')).toBe(true);
});

test('a container that keeps crashing is reported while kubectl still waits, with its events and the end of its log', async () => {
  fakes.answer([
    rolling,
    migration,
    objects(waiting('CrashLoopBackOff', 5, 'back-off 40s')),
    { to: 'kubectl events --for=pod/user-5d4-x', stdout: 'Warning BackOff Back-off restarting failed container\n' },
    {
      to: 'kubectl logs user-5d4-x --container=service --tail=25 --previous',
      stdout: 'user cannot start. CURSOR_SECRET: missing\n',
    },
  ]);
  const said = await failure();
  expect(said).toMatch(/^Not ready after \d+ s: deployment\/user/);
  expect(said).toContain('pod user-5d4-x, container service: CrashLoopBackOff: back-off 40s');
  expect(said).toContain('Back-off restarting failed container');
  expect(said).toContain('CURSOR_SECRET: missing');
  expect(said).toContain('kubectl --context some --namespace causeway describe pod user-5d4-x');
});

test('a failed Job is reported early, too, and named by its last pod', async () => {
  fakes.answer([
    rolling,
    { ...migration, hangs: true },
    objects(failedJob, pod('user-migrate-1-abc', { phase: 'Failed' }, 'user-migrate-1')),
    { to: 'kubectl logs user-migrate-1-abc', stdout: 'MIGRATION_FAILED\n' },
  ]);
  const said = await failure();
  expect(said).toContain(
    'pod user-migrate-1-abc: Job user-migrate-1 failed: Job has reached the specified backoff limit',
  );
  expect(said).toContain('MIGRATION_FAILED');
});

test('a pull that works at the second try is no failure, nor are a few crashes', async () => {
  fakes.answer([
    rolling,
    migration,
    objects(waiting('ImagePullBackOff')),
    objects(waiting('CrashLoopBackOff', 2)),
    { ...objects(), code: 1, stderr: 'the third look' },
  ]);
  expect(await failure()).toContain('the third look');
});

test('when time is up, the pod that is not ready is shown; without one, the warnings of the namespace', async () => {
  const slow = pod('user-5d4-x', { conditions: [{ type: 'Ready', status: 'False' }] });
  fakes.answer([late, migration, objects(slow), { to: 'kubectl logs', stdout: 'waiting for the database\n' }]);
  const said = await failure();
  expect(said).toMatch(/^Not ready after \d+ s: deployment\/user/);
  expect(said).toContain('pod user-5d4-x: it does not become ready');
  expect(said).toContain('waiting for the database');

  fakes.answer([
    late,
    migration,
    objects(),
    { to: 'kubectl events --types=Warning', stdout: 'user-5d4 FailedCreate exceeded quota: services\n' },
  ]);
  const refused = await failure();
  expect(refused).toContain('user-5d4 FailedCreate exceeded quota: services');
  expect(refused).toContain('timed out waiting for the condition');
});

test('a cluster that does not answer is an error at once', async () => {
  fakes.answer([{ to: 'kubectl', code: 1, stderr: 'The connection to the server was refused' }]);
  expect(await failure()).toContain('The connection to the server was refused');
});
