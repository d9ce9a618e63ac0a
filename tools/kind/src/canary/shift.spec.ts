import { howToInstallKubectl, provideKubectl, render } from '@causeway/manifests';
import { describeWhen } from '@causeway/testkit/describe-when';
import { FakePrograms } from '../testing/fake-programs.js';
import { parseCanaryOptions } from './options.js';
import { sharesOf, type Route } from './route.js';
import { shiftCanary } from './shift.js';

let fakes: FakePrograms;
const said: string[] = [];
beforeEach(() => {
  fakes = new FakePrograms(['kubectl']);
  said.length = 0;
});
afterEach(() => fakes.remove());
const shift = (...args: string[]) =>
  shiftCanary(parseCanaryOptions([...args, '--context', 'c'])!, (line) => said.push(line), {
    patienceMs: 100,
    pauseMs: 1,
  });

interface Cluster {
  readonly weights?: readonly [stable: number, canary: number];
  readonly label?: string;
  /** Of order, and of its canary: pods that there shall be, and that are ready. */
  readonly stable?: number;
  readonly canary?: readonly [replicas: number, ready: number];
  readonly most?: number;
  /** Whether its autoscaler gets numbers. */
  readonly scaling?: 'True' | 'False' | 'no autoscaler';
  /** Of the route after the shift. */
  readonly conditions?: readonly object[];
}
const accepted = { type: 'Accepted', status: 'True', observedGeneration: 2 };

function cluster(wanted: Cluster) {
  const { weights = [100, 0], label = 'order', stable = 2, canary = [1, 1], most = 3, conditions } = wanted;
  const { scaling = 'True' } = wanted;
  const route = {
    metadata: { generation: 2, labels: { 'causeway.dev/canary': label } },
    spec: {
      rules: [
        {
          backendRefs: [
            { name: 'gateway', weight: weights[0] },
            { name: 'gateway-canary', weight: weights[1] },
          ],
        },
      ],
    },
    status: { parents: [{ conditions: conditions ?? [accepted] }] },
  };
  const deployment = (name: string, replicas: number, ready: number) => ({
    metadata: { name, generation: 1 },
    spec: { replicas, template: { spec: { containers: [{ image: `${name}:v1` }] } } },
    status: { observedGeneration: 1, updatedReplicas: ready, availableReplicas: ready },
  });
  const items = [
    deployment('gateway', 2, 2),
    deployment('order', stable, stable),
    deployment('gateway-canary', 1, 1),
    deployment('order-canary', ...canary),
  ];
  const active = { type: 'ScalingActive', status: scaling, reason: 'FailedGetResourceMetric' };
  const scalers = ['gateway', 'order', 'gateway-canary', 'order-canary'].map((name) => ({
    spec: { maxReplicas: name.endsWith('-canary') ? most : 6, scaleTargetRef: { name } },
    status: { conditions: [active] },
  }));
  fakes.answer([
    { to: 'kubectl get httproute', stdout: JSON.stringify(route) },
    { to: 'kubectl get deployments', stdout: JSON.stringify({ items }) },
    {
      to: 'kubectl get horizontalpodautoscalers',
      stdout: JSON.stringify({ items: scaling === 'no autoscaler' ? [] : scalers }),
    },
  ]);
}
const patched = () => fakes.asked.filter((line) => line.startsWith('kubectl patch'));

test('a shift tests what it saw, and sets both weights', async () => {
  cluster({});
  await shift('order', '10');
  const [line = '', ...more] = patched();
  expect(more).toEqual([]);
  expect(JSON.parse(line.slice(line.indexOf('--patch=') + 8))).toEqual([
    { op: 'test', path: '/spec/rules/0/backendRefs/0/name', value: 'gateway' },
    { op: 'test', path: '/spec/rules/0/backendRefs/0/weight', value: 100 },
    { op: 'test', path: '/spec/rules/0/backendRefs/1/name', value: 'gateway-canary' },
    { op: 'test', path: '/spec/rules/0/backendRefs/1/weight', value: 0 },
    { op: 'replace', path: '/spec/rules/0/backendRefs/0/weight', value: 90 },
    { op: 'replace', path: '/spec/rules/0/backendRefs/1/weight', value: 10 },
  ]);
  expect(said.join('\n')).toContain('gateway-canary: 0 % → 10 %');
  expect(said.at(-1)).toBe('Back: npm run k8s:canary -- order undo --context c');
});

test('the way back has no conditions, whatever the pods do', async () => {
  cluster({ weights: [50, 50], canary: [3, 0] });
  await shift('order', 'undo');
  expect(patched()[0]).toContain('{"op":"replace","path":"/spec/rules/0/backendRefs/1/weight","value":0}');
});

const asked = (verb: string) => fakes.asked.filter((line) => line.startsWith(`kubectl ${verb}`));

test('before requests come back, the side that was scaled down gets as many pods as carry them now', async () => {
  cluster({ weights: [0, 100], stable: 2, canary: [5, 5] });
  await shift('order', 'undo');
  expect(asked('scale')).toEqual(['kubectl scale deployment/order --replicas=5']);
  expect(fakes.asked.findIndex((line) => line.startsWith('kubectl scale'))).toBeLessThan(
    fakes.asked.findIndex((line) => line.startsWith('kubectl patch')),
  );
});

test('it gets no more pods than its autoscaler lets it have, and none are taken from it', async () => {
  cluster({ weights: [0, 100], stable: 2, canary: [9, 9] });
  await shift('order', 'undo');
  expect(asked('scale')).toEqual(['kubectl scale deployment/order --replicas=6']);
  cluster({ weights: [50, 50], stable: 8, canary: [2, 2] });
  await shift('order', '10');
  expect(asked('scale')).toEqual([]);
});

test('who may not scale goes back all the same, and is told', async () => {
  const route = { metadata: { labels: { 'causeway.dev/canary': 'gateway' } }, spec: { rules: [] }, status: {} };
  const backendRefs = [
    { name: 'gateway', weight: 0 },
    { name: 'gateway-canary', weight: 100 },
  ];
  const changed = { ...route, spec: { rules: [{ backendRefs }] }, status: { parents: [{ conditions: [accepted] }] } };
  fakes.answer([
    { to: 'kubectl get httproute', stdout: JSON.stringify(changed) },
    { to: 'kubectl get deployments', code: 1, stderr: 'Forbidden' },
  ]);
  await shift('gateway', 'undo');
  expect(patched()).toHaveLength(1);
  expect(said.join('\n')).toMatch(/Not scaled, so gateway may have few pods.*Forbidden/);
});

test.each<[string, string[], Cluster, string]>([
  ['a canary of something else', ['order', '10'], { label: 'gateway' }, 'one of gateway, not of order'],
  ['one that is not ready', ['order', '10'], { canary: [3, 2] }, 'order-canary is not ready (2 of 3 pods'],
  ['one without pods', ['order', '10'], { canary: [0, 0] }, 'order-canary is not ready'],
  [
    'one that is too small',
    ['order', '50'],
    { stable: 10 },
    'takes 5 pods of gateway-canary, and its autoscaler stops at 3',
  ],
  [
    'one that nothing makes larger: without metrics one pod would get everything',
    ['order', '50'],
    { stable: 6, scaling: 'False' },
    'takes 3 pods of gateway-canary, it has 1, and nothing makes them more: its autoscaler is not active (FailedGetResourceMetric). kubectl scale deployment/gateway-canary --replicas=3 does',
  ],
  ['one without an autoscaler', ['order', '50'], { stable: 4, scaling: 'no autoscaler' }, 'it has no autoscaler'],
  ['a leap', ['order', '60'], {}, 'more than 50 percentage points at once'],
  [
    'weights that somebody else has set',
    ['order', '20'],
    { weights: [9, 1] },
    'The weights 9 and 1 are no percentages',
  ],
])('refused: %s', async (_, args, state, message) => {
  cluster(state);
  await expect(shift(...args)).rejects.toThrow(message);
  expect(patched()).toEqual([]);
});

test('a leap can be forced, and the same share twice changes nothing', async () => {
  cluster({});
  await shift('order', '100', '--force');
  expect(patched()).toHaveLength(1);
  cluster({ weights: [90, 10] });
  await shift('order', '10');
  expect(patched()).toEqual([]);
});

test.each<[string, object[], string]>([
  ['refuses', [{ ...accepted, type: 'ResolvedRefs', status: 'False', reason: 'BackendNotFound' }], 'BackendNotFound'],
  ['has not seen', [{ ...accepted, observedGeneration: 1 }], 'no controller has taken them over'],
])('a route that the controller %s is no success', async (_, conditions, message) => {
  cluster({ conditions });
  await expect(shift('order', '10')).rejects.toThrow(message);
});

test('printing changes nothing, and looking says what runs', async () => {
  cluster({ weights: [90, 10] });
  await shift('order', '50', '--print');
  expect(said.join('\n')).toContain('- { op: replace, path: /spec/rules/0/backendRefs/1/weight, value: 50 }');
  await shift('order');
  expect(said).toContain('canary: 10 %');
  expect(said).toContain('  order-canary: 1 of 1 pods are available, order-canary:v1');
  expect(patched()).toEqual([]);
});

test('no route, no canary', async () => {
  fakes.answer([{ to: 'kubectl get httproute', code: 1, stderr: 'NotFound' }]);
  await expect(shift('order', '10')).rejects.toThrow('A canary needs the Gateway API');
});

const missing = await provideKubectl();
describeWhen(missing === undefined, { missing: missing ?? '', remedy: howToInstallKubectl })('the components', () => {
  test.each(['order', 'gateway'])('canary-%s renders a route that the command understands', (app) => {
    const { manifests } = render('staging', [`canary-${app}`]);
    const route = manifests.find(({ body }) => body.kind === 'HTTPRoute' && body.metadata.name === 'causeway');
    expect(sharesOf(route!.body as unknown as Route, app)).toMatchObject({
      stable: { name: 'gateway', weight: 100 },
      canary: { name: 'gateway-canary', weight: 0 },
    });
  });
});
