import type { Rendered } from '../objects.js';
import { readable, thousandths } from '../quantity.js';
import { parseManifests } from '../render.js';
import { claimsOf, rangesOf } from './claims.js';
import { copiesOf } from './copies.js';
import { podSize } from './pod-size.js';
import { linesOf } from './quotas.js';

const rendered = (yaml: string): Rendered => ({ overlay: 'planted', manifests: parseManifests(yaml) });
const container = (name: string, cpu: string, rest = '') =>
  `{ name: ${name}, resources: { requests: { cpu: ${cpu}, memory: 64Mi }, limits: { memory: 64Mi } }${rest} }`;
const pod = (containers: string, rest = '') => `{ containers: [${containers}]${rest} }`;
const quota = (hard: string, rest = '') =>
  `---\n{ apiVersion: v1, kind: ResourceQuota, metadata: { name: q }, spec: { hard: { ${hard} }${rest} } }\n`;
const workload = (kind: string, spec: string, name = kind.toLowerCase()) =>
  `---\n{ apiVersion: ${/Job$/.test(kind) ? 'batch' : 'apps'}/v1, kind: ${kind}, metadata: { name: ${name} }, spec: ${spec} }\n`;
const asked = (yaml: string): Record<string, string> =>
  Object.fromEntries(linesOf(rendered(yaml)).map(({ resource, asked: sum }) => [resource, readable(resource, sum)]));

test.each([
  ['250m', 250],
  ['0.1', 100],
  ['1Gi', 1_000 * 2 ** 30],
  ['1e3', 1_000_000],
  ['1E', 1e21],
  ['2Ti', 2_000 * 2 ** 40],
  ['500u', 1],
  [7, 7_000],
])('%s is %d thousandths', (text, amount) => expect(thousandths(text)).toBe(amount));
test.each(['1GB', 'much', '-1', ''])('%s is no quantity', (text) => {
  if (text === '') expect(thousandths(undefined)).toBe(0);
  else expect(() => thousandths(text)).toThrow('is no quantity');
});

describe('one pod counts for', () => {
  const cpu = (spec: string, ranges = '') => {
    const all = rendered(`${workload('Deployment', `{ template: { spec: ${spec} } }`)}${ranges}`);
    const [claim] = claimsOf(all);
    return podSize(claim!.pods!.spec, rangesOf(all)).requests['cpu'];
  };
  const [a, b, init] = [container('a', '100m'), container('b', '50m'), container('i', '400m')];
  const sidecar = container('s', '30m', ', restartPolicy: Always');
  const range = `---\n{ apiVersion: v1, kind: LimitRange, metadata: { name: r }, spec: { limits: [{ type: Container, max: { cpu: '1' }, default: { cpu: 70m } }] } }\n`;

  test.each([
    ['all containers together', pod(`${a}, ${b}`), '', 150],
    ['the largest init container, where that is more', pod(a, `, initContainers: [${init}, ${b}]`), '', 400],
    ['sidecars beside what runs', pod(a, `, initContainers: [${sidecar}]`), '', 130],
    ['sidecars beside init containers that start later', pod(a, `, initContainers: [${sidecar}, ${init}]`), '', 430],
    ['not those that start earlier', pod(a, `, initContainers: [${init}, ${sidecar}]`), '', 400],
    ['the default of the LimitRange where it says nothing', pod('{ name: a }'), range, 70],
    ['its limit where it states no request', pod("{ name: a, resources: { limits: { cpu: '0.2' } } }"), range, 200],
  ])('%s', (_, spec, ranges, wanted) => expect(cpu(spec, ranges)).toBe(wanted));
});

describe('at the same time there may be', () => {
  const scaler = (kind: string) =>
    `---\n{ apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: { name: h }, spec: { scaleTargetRef: { apiVersion: apps/v1, kind: ${kind}, name: ${kind.toLowerCase()} }, minReplicas: 2, maxReplicas: 10 } }\n`;
  const template = `template: { spec: ${pod(container('a', '1'))} }`;
  const cases: [string, string, string, object][] = [
    ['a quarter more of a Deployment', 'Deployment', `{ replicas: 5, ${template} }`, { rest: 5, most: 5, surge: 2 }],
    ['of its autoscaler’s end, too', 'Deployment', `{ ${template} }`, { rest: 2, most: 10, surge: 3 }],
    [
      'as many as maxSurge',
      'Deployment',
      `{ strategy: { rollingUpdate: { maxSurge: 2 } }, ${template} }`,
      { surge: 2 },
    ],
    [
      'a share of it, rounded up',
      'Deployment',
      `{ strategy: { rollingUpdate: { maxSurge: 1% } }, ${template} }`,
      { surge: 1 },
    ],
    ['none where pods are recreated', 'Deployment', `{ strategy: { type: Recreate }, ${template} }`, { surge: 0 }],
    ['the replicas of a StatefulSet', 'StatefulSet', `{ replicas: 3, ${template} }`, { rest: 3, most: 3, surge: 0 }],
    ['the parallel pods of a Job', 'Job', `{ parallelism: 4, completions: 9, ${template} }`, { rest: 0, most: 4 }],
    ['no more than it has to complete', 'Job', `{ parallelism: 4, completions: 2, ${template} }`, { most: 2 }],
    [
      'one run of a CronJob',
      'CronJob',
      `{ concurrencyPolicy: Replace, jobTemplate: { spec: { ${template} } } }`,
      { most: 1 },
    ],
  ];
  test.each(cases)('%s', (title, kind, spec, wanted) => {
    const all = rendered(`${workload(kind, spec)}${title.includes('autoscaler') ? scaler(kind) : ''}`);
    const copies = copiesOf(all, claimsOf(all)[0]!.manifest as never);
    expect(copies).toMatchObject(wanted);
    expect(copies.unbounded).toBeUndefined();
  });
  test.each([
    ['CronJob', `{ jobTemplate: { spec: { ${template} } } }`],
    ['DaemonSet', `{ ${template} }`],
  ])('the number is unknown of a %s', (kind, spec) => {
    const all = rendered(workload(kind, spec));
    expect(copiesOf(all, claimsOf(all)[0]!.manifest as never).unbounded).toBeDefined();
  });
});

describe('a quota counts', () => {
  const service = workload(
    'Deployment',
    `{ strategy: { type: Recreate }, template: { spec: ${pod(container('a', '100m'))} } }`,
  );
  const job = workload(
    'Job',
    `{ template: { spec: ${pod(container('a', '25m'), ', activeDeadlineSeconds: 60, restartPolicy: Never')} } }`,
  );
  test.each([
    ['everything without scopes', '', '2', '125m'],
    ['pods with a deadline', ', scopes: [Terminating]', '1', '25m'],
    ['pods without one', ', scopes: [NotTerminating]', '1', '100m'],
  ])('%s', (_, scopes, pods, cpu) => {
    const hard = "pods: '9', requests.cpu: '9'";
    expect(asked(service + job + quota(hard, scopes))).toEqual({ pods, 'requests.cpu': cpu });
  });

  test('a volume for each replica, and those that live as long as their pod', () => {
    const claim = '{ accessModes: [ReadWriteOnce], resources: { requests: { storage: 2Gi } } }';
    const set = workload(
      'StatefulSet',
      `{ replicas: 3, volumeClaimTemplates: [{ metadata: { name: data }, spec: ${claim} }], template: { spec: ${pod(container('a', '1'), `, volumes: [{ name: scratch, ephemeral: { volumeClaimTemplate: { spec: ${claim} } } }]`)} } }`,
    );
    const own = `---\n{ apiVersion: v1, kind: PersistentVolumeClaim, metadata: { name: c }, spec: { resources: { requests: { storage: 1Gi } } } }\n`;
    expect(asked(set + own + quota('requests.storage: 1Gi'))).toEqual({ 'requests.storage': '13Gi' });
  });
  test('ports of nodes', () => {
    const shop =
      '---\n{ apiVersion: v1, kind: Service, metadata: { name: s }, spec: { type: NodePort, ports: [{ port: 1 }, { port: 2 }] } }\n';
    expect(asked(shop + quota("services.nodeports: '1'"))).toEqual({ 'services.nodeports': '2' });
  });
});

/**
 * Why the sum of all is the bound: the API server may meet Jobs in any order, and those that it admits wait for the
 * first.
 */
describe('admitted one after the other, in every order', () => {
  const sizes = { init: 64, provision: 112, order: 112, payment: 112, sandbox: 112, user: 112 };
  const waits = new Set(['order', 'payment', 'sandbox', 'user']);
  type Name = keyof typeof sizes;
  const orders = (rest: Name[]): Name[][] =>
    rest.length === 0
      ? [[]]
      : rest.flatMap((first) => orders(rest.filter((each) => each !== first)).map((others) => [first, ...others]));

  /**
   * Whether some Job never starts: a Job that does not wait ends and frees its share; one that waits ends once `init`
   * has.
   */
  function isStuck(order: Name[], allowed: number): boolean {
    const [alive, ended] = [new Set<Name>(), new Set<Name>()];
    for (let moved = true; moved;) {
      moved = false;
      for (const job of order.filter((each) => !alive.has(each) && !ended.has(each))) {
        const used = [...alive].reduce((sum, each) => sum + sizes[each], 0);
        if (used + sizes[job] <= allowed) moved = Boolean(alive.add(job));
      }
      for (const job of [...alive]) {
        if (waits.has(job) && !ended.has('init')) continue;
        moved = alive.delete(job) && Boolean(ended.add(job));
      }
    }
    return alive.size > 0 || ended.size < order.length;
  }
  const stuck = (allowed: number) =>
    orders(Object.keys(sizes) as Name[]).filter((order) => isStuck(order, allowed)).length;
  const all = Object.values(sizes).reduce((sum, each) => sum + each, 0);

  test('Jobs that fit together all start', () => expect([all, stuck(all)]).toEqual([624, 0]));
  test('with room for three of them, 288 of 720 orders never end', () => expect(stuck(352)).toBe(288));
});
