import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { judge } from './exceptions.js';
import type { IResourceQuota } from 'kubernetes-models/v1';
import { ofKind, type Rendered } from './objects.js';
import {
  componentOf,
  excludes,
  folderOf,
  optionalComponents,
  setsFor,
  type ComponentFlow,
  type OptionalComponent,
  type PolicyException,
} from './optional-components.js';
import { policies } from './policies/index.js';
import { overlays, render, root } from './render.js';
import { shapes } from './testing/shapes.js';
import { withKubectl } from './testing/with-kubectl.js';
import { typeProblems } from './typed.js';

const all = policies(shapes);
const hardOf = (rendered: Rendered) =>
  Object.fromEntries(
    ofKind<IResourceQuota>(rendered, 'ResourceQuota').map(({ body }) => [body.metadata.name, body.spec?.hard ?? {}]),
  );
/** Whatever the overlays themselves name: as they are, policies/index.spec.ts and typed.spec.ts look at them. */
const sets = overlays.flatMap((overlay) => setsFor(overlay).map((set) => ({ overlay, set })));

withKubectl('an overlay with the components that it may take', () => {
  const rendered = new Map<string, Rendered>();
  const key = (overlay: string, set: readonly string[]) => [overlay, ...set].join(' + ');
  beforeAll(() => {
    for (const { overlay, set } of sets) rendered.set(key(overlay, set), render(overlay, set, { exactly: true }));
  }, 600_000);

  test('is known to Kubernetes and to the components’ controllers in every field', () => {
    expect(typeProblems(...rendered.values())).toEqual([]);
  }, 600_000);
  test.each(sets.map(({ overlay, set }) => key(overlay, set)))('keeps to every policy: %s', (name) => {
    expect(judge(rendered.get(name)!, all).findings).toEqual([]);
  });
  test('needs every exception that is stated', () => {
    const used = new Set([...rendered.values()].flatMap((each) => judge(each, all).used));
    const stated = optionalComponents.flatMap(({ exceptions = [] }) => exceptions);
    expect(stated.filter((exception) => !used.has(exception))).toEqual([]);
  });
  test('changes something with each of them, and in the quotas what is stated', () => {
    const plain = new Map(overlays.map((overlay) => [overlay, render(overlay, [], { exactly: true })]));
    for (const { overlay, set } of sets.filter(({ set: { length } }) => length === 1)) {
      const [before, after] = [plain.get(overlay)!, rendered.get(key(overlay, set))!];
      expect(after.manifests).not.toEqual(before.manifests);
      const stated = Object.entries(componentOf(set[0]!).quotas ?? {});
      const wanted = Object.fromEntries(
        Object.entries(hardOf(before)).map(([name, hard]) => [name, { ...hard, ...new Map(stated).get(name) }]),
      );
      expect(hardOf(after)).toEqual(wanted);
    }
  }, 60_000);
});

describe('the list of optional components', () => {
  const names = optionalComponents.map(({ name }) => name);
  test('names folders that exist, each once', () => {
    expect(new Set(names).size).toBe(names.length);
    const folders = optionalComponents.map(folderOf);
    expect(folders.filter((folder) => !existsSync(join(root, folder, 'kustomization.yaml')))).toEqual([]);
  });
  test('excludes only what exists, and says why an overlay may not take one', () => {
    expect(optionalComponents.flatMap(({ excludes = [] }) => excludes).filter((name) => !names.includes(name))).toEqual(
      [],
    );
    const silent = optionalComponents.filter(
      ({ overlays: mine, elsewhere = '' }) => mine.length < overlays.length && elsewhere.length < 20,
    );
    expect(silent.map(({ name }) => name)).toEqual([]);
  });
  test('lets nobody from outside of a mesh go to what takes its members only', () => {
    const meshes = optionalComponents.filter(({ tunnel }) => tunnel !== undefined);
    const open = ({ unauthenticated = [] }: OptionalComponent, to: string, port: number): boolean =>
      unauthenticated.some((each) => each.port === port && (each.workload === to || to === 'every service'));
    const refused = optionalComponents
      .filter((component) => !meshes.includes(component))
      .flatMap((component) =>
        (component.flows ?? [])
          .filter(({ from, to }) => from.startsWith('outside ') && !to.startsWith('outside '))
          .flatMap(({ to, port }) =>
            meshes
              .filter((mesh) => !excludes(component, mesh) && !open(mesh, to, port))
              .map((mesh) => `${component.name}, ${mesh.name}: ${to} on port ${port}`),
          ),
      );
    expect(refused).toEqual([]);
  });
  test('has only exceptions from policies that exist', () => {
    const known = all.map(({ name }) => name);
    const stated = optionalComponents.flatMap(({ exceptions = [] }) => exceptions);
    expect(stated.filter(({ policy }) => !known.includes(policy))).toEqual([]);
  });
});

describe('sets of components', () => {
  const component = (name: string, excludes: string[] = [], mine: OptionalComponent['overlays'] = ['staging']) =>
    ({ name, overlays: mine, excludes }) satisfies OptionalComponent;

  test('are all singly, and the largest that fit together', () => {
    const known = [component('a', ['b']), component('b'), component('c'), component('d', [], ['kind'])];
    expect(setsFor('staging', known)).toEqual([['a'], ['b'], ['c'], ['b', 'c'], ['a', 'c']].sort(byOrder));
    expect(setsFor('kind', known)).toEqual([['d']]);
    expect(setsFor('production', known)).toEqual([]);
  });
  const byOrder = (a: string[], b: string[]) => a.length - b.length || a.join().localeCompare(b.join());
});

describe('an exception', () => {
  const manifest = { file: 'k8s/x.yaml', body: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } } };
  const policy = {
    name: 'pods are blue',
    check: () => ['it is red', 'it is large'].map((problem) => ({ manifest, problem, remedy: 'paint it' })),
  };
  const because = (exception: Partial<PolicyException>): OptionalComponent => ({
    name: 'paint',
    overlays: ['staging'],
    exceptions: [{ policy: 'pods are blue', object: 'Pod x', problem: 'red', reason: 'the mesh is', ...exception }],
  });
  const findings = (components: string[], known: OptionalComponent) =>
    judge({ overlay: 'staging', components, manifests: [manifest] }, [policy], [known]).findings.length;

  test.each<[string, number, string[], Partial<PolicyException>]>([
    ['excuses what it names', 1, ['paint'], {}],
    ['not where its component is not taken', 2, [], {}],
    ['not another object', 2, ['paint'], { object: 'Pod y' }],
    ['not another policy', 2, ['paint'], { policy: 'pods are small' }],
    ['not another problem', 2, ['paint'], { problem: 'green' }],
  ])('%s', (_, count, components, exception) => expect(findings(components, because(exception))).toBe(count));
});

withKubectl('sidecars that are injected', () => {
  const injecting: OptionalComponent = {
    name: 'prometheus',
    overlays: ['staging'],
    injects: ({ labels }) =>
      labels['app.kubernetes.io/component'] === 'service'
        ? [{ name: 'proxy', restartPolicy: 'Always', resources: { requests: { cpu: '10', memory: '64Mi' } } }]
        : [],
  };
  test('are seen by the policies, and counted', () => {
    const { findings } = judge(render('production', ['prometheus'], { exactly: true }), all, [injecting]);
    const text = findings.join('\n');
    expect(text).toContain('Deployment user: container proxy may gain privileges');
    expect(text).toMatch(/ResourceQuota services: requests\.cpu: \d{6}m may be asked for/);
    expect(text).not.toContain('Job ');
  });
});

withKubectl('the flows of a component', () => {
  const network = all.find(({ name }) => name.startsWith('NetworkPolicies'))!;
  const problems = (change: (policy: { spec: { ingress: unknown[] } }) => void, components = ['prometheus']) => {
    const rendered = structuredClone(render('staging', ['prometheus'], { exactly: true }));
    const found = rendered.manifests.find(({ body }) => body.metadata.name === 'allow-scrapes')!;
    change(found.body as never);
    return network.check({ ...rendered, components }).map(({ problem }) => problem);
  };
  const flow: ComponentFlow = optionalComponents.find(({ name }) => name === 'prometheus')!.flows![0]!;
  const peer = (name: string) => ({
    from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } }],
    ports: [{ port: flow.port }],
  });

  test('may be open, and nothing else', () => {
    expect(problems(() => undefined)).toEqual([]);
    expect(problems(({ spec }) => spec.ingress.push(peer('default')))).toContain(
      'outside default → user:9090 is open and not in the call graph',
    );
    expect(problems(({ spec }) => (spec.ingress = [{ ports: [{ port: 9090 }] }]))).toContain(
      'outside → user:9090 is open and not in the call graph',
    );
  });
  test('must be open', () => {
    expect(problems(({ spec }) => (spec.ingress = []))).toContain(
      `outside observability → user:9090 (${flow.why}) is closed`,
    );
  });
  test('only with the component', () => {
    expect(problems(() => undefined, [])).toContain(
      'outside observability → user:9090 is open and not in the call graph',
    );
  });
});
