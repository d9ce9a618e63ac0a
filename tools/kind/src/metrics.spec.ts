import { howToInstallKubectl, provideKubectl } from '@causeway/manifests';
import { describeWhen } from '@causeway/testkit/describe-when';
import { jest } from '@jest/globals';
import { awaitMetrics, provideMetrics } from './metrics.js';
import { FakePrograms } from './testing/fake-programs.js';

jest.setTimeout(120_000);
const raw = 'kubectl get --raw /apis/metrics.k8s.io/v1beta1/nodes';
const measured = { to: raw, stdout: '{"items":[{"usage":{"cpu":"1n"}}]}' };
const none = { to: raw, code: 1, stderr: 'the server could not find the requested resource' };
const [ours, foreign] = [
  { context: 'kind-causeway', cluster: 'causeway' },
  { context: 'k3s', cluster: undefined },
];

const said: string[] = [];
const say = (line: string): void => void said.push(line);
let fakes: FakePrograms;
beforeEach(() => {
  fakes = new FakePrograms();
  said.length = 0;
});
afterEach(() => fakes.remove());
const applied = () => fakes.calls.filter(({ line }) => line.startsWith('kubectl apply'));

const missing = await provideKubectl();
describeWhen(missing === undefined, { missing: missing ?? '', remedy: howToInstallKubectl })(
  'the applied manifests',
  () => {
    test('our cluster gets metrics-server where nothing measures yet', async () => {
      fakes.answer([none]);
      await provideMetrics(ours, say);
      const [{ input } = { input: '' }, ...more] = applied();
      expect(more).toEqual([]);
      expect(input).toContain('--kubelet-insecure-tls');
      expect(input).toMatch(/image: registry\.k8s\.io\/metrics-server\/metrics-server:v[\d.]+@sha256:[0-9a-f]{64}\n/);
    });
  },
);

test('what measures already is left alone', async () => {
  fakes.answer([measured]);
  await provideMetrics(ours, say);
  expect([applied(), said]).toEqual([[], ['the metrics API is there']]);
});

test('a foreign cluster is not changed; the user sees how to do it', async () => {
  fakes.answer([none]);
  await provideMetrics(foreign, say);
  expect(applied()).toEqual([]);
  expect(said.join('\n')).toMatch(
    /k3s has no metrics API, so autoscalers keep[^]*apply --server-side --kustomize k8s\/addons\/metrics-server/,
  );
});

test('the first measurements are waited for: an API without any is none', async () => {
  fakes.answer([none, { to: raw, stdout: '{"items":[]}' }, measured]);
  await awaitMetrics(ours, say, { pauseMs: 1 });
  expect(said).toEqual(['the metrics API measures: autoscalers can scale']);
  expect(fakes.asked).toHaveLength(3);
});

test('without them everything else works: an explanation, and no failure', async () => {
  fakes.answer([none, { to: 'kubectl get pods', stdout: 'metrics-server-1   0/1   ImagePullBackOff\n' }]);
  await awaitMetrics(ours, say, { patienceMs: 0 });
  expect(said.join('\n')).toMatch(
    /measures nothing after 0 s, so autoscalers keep[^]*ImagePullBackOff[^]*--namespace kube-system describe pods[^]*tools\/kind\/README\.md/,
  );
});
