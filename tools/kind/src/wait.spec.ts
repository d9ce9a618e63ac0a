import type { Rendered } from '@causeway/manifests';
import { jest } from '@jest/globals';
import { Kubectl } from './kubectl.js';
import type { Observed } from './state.js';
import { FakePrograms } from './testing/fake-programs.js';
import { waitUntilReady } from './wait.js';

// Every look is a process of its own.
jest.setTimeout(120_000);

const manifest = (kind: string, name: string) => ({ file: 'x', body: { apiVersion: 'v1', kind, metadata: { name } } });
const rendered: Rendered = {
  overlay: 'kind',
  manifests: [manifest('Deployment', 'order'), manifest('Job', 'order-migrate-1'), manifest('Service', 'order')],
};
const deployment = (ready: number): Observed => ({
  kind: 'Deployment',
  metadata: { name: 'order', generation: 2 },
  spec: { replicas: 2 },
  status: { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: ready },
});
const job = (type?: 'Complete' | 'Failed'): Observed => ({
  kind: 'Job',
  metadata: { name: 'order-migrate-1' },
  status: {
    conditions: type ? [{ type, status: 'True', message: 'Job has reached the specified backoff limit' }] : [],
  },
});
const pod = (name: string, rest: Partial<Observed['status'] & object> = {}, owner?: string): Observed => ({
  kind: 'Pod',
  metadata: {
    name,
    creationTimestamp: '2026-01-01T00:00:00Z',
    ownerReferences: owner ? [{ kind: 'Job', name: owner }] : [],
  },
  status: { phase: 'Running', ...rest },
});
const objects = (...items: Observed[]) => ({ to: 'kubectl get deployments', stdout: JSON.stringify({ items }) });

let fakes: FakePrograms;
beforeEach(() => (fakes = new FakePrograms()));
afterEach(() => fakes.remove());
const lines: string[] = [];
const wait = (timeoutMs = 5_000, patienceMs = 0) => {
  lines.length = 0;
  return waitUntilReady(new Kubectl('some'), rendered, {
    timeoutMs,
    patienceMs,
    pauseMs: 1,
    say: (line) => lines.push(line),
  });
};
const failure = (...args: Parameters<typeof wait>) =>
  wait(...args).then(
    () => 'no failure',
    (error: Error) => error.message,
  );

test('says what is missing whenever that changes, and ends when everything is ready', async () => {
  fakes.answer([
    objects(),
    objects(deployment(0), job()),
    objects(deployment(1), job('Complete')),
    objects(deployment(2), job('Complete')),
  ]);
  await wait();
  expect(lines.map((line) => line.replace(/ \(\d+ s\)| after \d+ s/, ''))).toEqual([
    'waiting for Deployment order is not there, Job order-migrate-1 is not there',
    'waiting for Deployment order 0/2, Job order-migrate-1 running',
    'waiting for Deployment order 1/2',
    'everything is ready',
  ]);
  expect(fakes.calls.every(({ context }) => context === 'some')).toBe(true);
});

test('an old generation is not taken for a finished one, nor pods of the last version', async () => {
  const before = deployment(2);
  const stale: Observed = { ...before, status: { ...before.status, observedGeneration: 1 } };
  const surge: Observed = { ...before, status: { ...before.status, replicas: 3 } };
  fakes.answer([objects(stale, job('Complete')), objects(surge, job('Complete')), objects(before, job('Complete'))]);
  await wait();
  expect(lines).toHaveLength(2);
});

test('a container that keeps crashing is named, with its events and the end of its log', async () => {
  const waiting = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s' } };
  const crashing = pod('order-5d4-x', {
    containerStatuses: [{ name: 'service', ready: false, restartCount: 5, state: waiting }],
  });
  fakes.answer([
    objects(deployment(0), job('Complete'), crashing),
    { to: 'kubectl get events', stdout: 'TYPE REASON MESSAGE\nWarning BackOff Back-off restarting failed container\n' },
    {
      to: 'kubectl logs order-5d4-x --container=service --tail=25 --previous',
      stdout: 'order cannot start. CURSOR_SECRET: missing\n',
    },
  ]);
  const said = await failure();
  expect(said).toContain('Not ready: Deployment order 0/2');
  expect(said).toContain('pod order-5d4-x, container service: CrashLoopBackOff: back-off 40s');
  expect(said).toContain('Back-off restarting failed container');
  expect(said).toContain('CURSOR_SECRET: missing');
  expect(said).toContain('kubectl --context some --namespace causeway describe pod order-5d4-x');
  expect(fakes.asked).toContainEqual(expect.stringContaining('--field-selector=involvedObject.name=order-5d4-x'));
});

test('a failed Job is named by its last pod', async () => {
  const failed = pod('order-migrate-1-abc', { phase: 'Failed' }, 'order-migrate-1');
  fakes.answer([
    objects(deployment(0), job('Failed'), failed),
    { to: 'kubectl logs order-migrate-1-abc', stdout: 'MIGRATION_FAILED\n' },
  ]);
  const said = await failure();
  expect(said).toContain(
    'pod order-migrate-1-abc: Job order-migrate-1 failed: Job has reached the specified backoff limit',
  );
  expect(said).toContain('MIGRATION_FAILED');
});

test('a pull that works at the second try is no failure', async () => {
  const pulling = { waiting: { reason: 'ImagePullBackOff' } };
  const late = pod('order-1', {
    containerStatuses: [{ name: 'service', ready: false, restartCount: 0, state: pulling }],
  });
  fakes.answer([objects(deployment(1), job('Complete'), late), objects(deployment(2), job('Complete'))]);
  await wait(5_000, 10_000);
  expect(lines.at(-1)).toMatch(/^everything is ready/);
});

test('when time is up, the pod that is not ready is shown; without one, the warnings of the namespace', async () => {
  const slow = pod('order-5d4-x', { conditions: [{ type: 'Ready', status: 'False' }] });
  fakes.answer([
    objects(deployment(1), job('Complete')),
    { to: 'kubectl get pods', stdout: JSON.stringify({ items: [slow] }) },
    { to: 'kubectl logs', stdout: 'waiting for the database\n' },
  ]);
  const said = await failure(20);
  expect(said).toContain('Not ready after 0.02 s: Deployment order 1/2');
  expect(said).toContain('pod order-5d4-x: it does not become ready');
  expect(said).toContain('waiting for the database');

  fakes.answer([
    objects(deployment(1), job('Complete')),
    { to: 'kubectl get pods', stdout: '{"items":[]}' },
    {
      to: 'kubectl get events --field-selector=type=Warning',
      stdout: 'order-5d4 FailedCreate exceeded quota: services\n',
    },
  ]);
  expect(await failure(20)).toContain('order-5d4 FailedCreate exceeded quota: services');
});

test('a cluster that does not answer is an error at once', async () => {
  fakes.answer([{ to: 'kubectl get', code: 1, stderr: 'The connection to the server was refused' }]);
  expect(await failure()).toContain('The connection to the server was refused');
});
