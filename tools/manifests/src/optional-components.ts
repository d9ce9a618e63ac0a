import type { IContainer } from 'kubernetes-models/v1';
import { consulContainers, consulSidecars, inConsul } from './mesh/consul-sidecars.js';
import { linkerdContainers, linkerdSidecars } from './mesh/linkerd-sidecars.js';
import type { Pods, Rendered } from './objects.js';
import { scalingComponents } from './scaling-components.js';
import type { overlays } from './render.js';

export type OverlayName = (typeof overlays)[number];

/** A finding that is right, and accepted because of a component. One that excuses nothing is an error, too. */
export interface PolicyException {
  /** The `name` of the policy. */
  readonly policy: string;
  /** Of the object; all names that begin with it: `Deployment order`, `Job`. */
  readonly object: string;
  /** Part of what the policy says. */
  readonly problem: string;
  /** Why it has to be so. */
  readonly reason: string;
}

/** A connection that a component needs beside the call graph. NetworkPolicies must open it, and nothing more. */
export interface ComponentFlow {
  /** A workload (`order`, `order/migration`), `every pod`, `every service`, or `outside <namespace or addresses>`. */
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly why: string;
}

/** A port that every pod of a mesh listens on, though none of its containers says so. */
export interface Tunnel {
  readonly port: number;
  /** Which pods are in the mesh. */
  readonly meshed: (pods: Pods) => boolean;
}

/** Ports that a mesh has to leave open for who has no identity in it. NetworkPolicies say who reaches them. */
export interface UnauthenticatedPort {
  /** `app.kubernetes.io/name` or `app.kubernetes.io/component` of the pods: `nats`, `service`. */
  readonly workload: string;
  readonly port: number;
  readonly why: string;
}

/** Something that a team may add to an overlay, below `k8s/components`. */
export interface OptionalComponent {
  /** Its folder. */
  readonly name: string;
  /** Where it lives, from the root of the repository. Default `k8s/components/<name>`. */
  readonly folder?: string;
  /** The overlays that may take it. */
  readonly overlays: readonly OverlayName[];
  /** Why the other overlays may not. */
  readonly elsewhere?: string;
  /** Components that cannot be taken together with it. Said on one side, it counts for both. */
  readonly excludes?: readonly string[];
  readonly flows?: readonly ComponentFlow[];
  /** Of a mesh: how pods that are in it reach each other in place of the port that they ask for. */
  readonly tunnel?: Tunnel;
  /** Of a mesh: what takes connections without mutual TLS, by name. The edge of the call graph does anyway. */
  readonly unauthenticated?: readonly UnauthenticatedPort[];
  /**
   * Lines that it changes in the quotas of the namespace, with the new values: `{ services: { pods: '80' } }`. A quota
   * that changes unsaid is an error.
   */
  readonly quotas?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly exceptions?: readonly PolicyException[];
  /**
   * Containers that the component's controller adds to these pods when they are admitted: the policies and the sums
   * against quotas see them, too. They are sidecars with `restartPolicy: Always`, so they go to the init containers.
   */
  readonly injects?: (pods: Pods, rendered: Rendered) => readonly IContainer[];
}

/** Health and metrics are asked by the kubelet and by Prometheus, and these are in no mesh. */
const asked: readonly UnauthenticatedPort[] = [
  { workload: 'service', port: 9090, why: 'probes of the kubelet, and scrapes' },
  { workload: 'nats', port: 8222, why: 'probes of the kubelet' },
];

/** Where the CNI plugin of Istio's ambient mode lets probes of the kubelet come from. */
const kubelet = 'outside 169.254.7.127/32';

const laptop =
  'the quota of the laptop (2 CPU and 4 GiB, with Kubernetes itself) has no room for sidecars and a control plane';

/** Of containers that are not ours: what a webhook adds, as its own chart has it. */
const added = (
  containers: readonly string[],
  policy: string,
  problems: readonly string[],
  reason: string,
): PolicyException[] =>
  containers.flatMap((container) =>
    problems.map((problem) => ({ policy, object: '', problem: `container ${container} ${problem}`, reason })),
  );
const restricted = 'every container is restricted';
const strict = 'a mesh has mutual TLS for everything';
const pinned = 'images are pinned';
const ofTheMesh = 'its image and version are those of the control plane, and pinned where that is installed';

/** Every optional component. A test renders each overlay with every one that it may take, singly and together. */
export const optionalComponents: readonly OptionalComponent[] = [
  {
    name: 'prometheus',
    overlays: ['kind', 'staging', 'production'],
    flows: [
      { from: 'outside observability', to: 'every service', port: 9090, why: 'scrapes, from that namespace only' },
    ],
  },
  {
    name: 'mesh-istio',
    overlays: ['kind', 'staging', 'production'],
    tunnel: { port: 15_008, meshed: () => true },
    unauthenticated: asked,
    flows: [
      { from: kubelet, to: 'every service', port: 9090, why: 'probes, whose source address the CNI plugin changes' },
      { from: kubelet, to: 'postgres', port: 5432, why: 'its liveness probe' },
      { from: kubelet, to: 'nats', port: 8222, why: 'its probes' },
    ],
  },
  {
    name: 'mesh-linkerd',
    overlays: ['staging', 'production'],
    elsewhere: laptop,
    excludes: ['mesh-istio'],
    tunnel: { port: 4143, meshed: () => true },
    unauthenticated: asked,
    flows: [8080, 8086, 8090].map((port) => ({
      from: 'every pod',
      to: 'outside linkerd',
      port,
      why: 'certificates, policies and addresses from the control plane',
    })),
    injects: linkerdSidecars,
    quotas: { services: { 'requests.cpu': '16', 'requests.memory': '18Gi', 'limits.memory': '18Gi' } },
    exceptions: [
      ...added(linkerdContainers, restricted, ['has no /tmp'], 'it writes no files'),
      ...added(linkerdContainers, pinned, ['runs cr.l5d.io/linkerd/proxy'], ofTheMesh),
    ],
  },
  {
    name: 'mesh-consul',
    overlays: ['staging', 'production'],
    elsewhere: laptop,
    excludes: ['mesh-istio', 'mesh-linkerd'],
    tunnel: { port: 20_000, meshed: inConsul },
    unauthenticated: asked,
    flows: [8501, 8502].map((port) => ({
      from: 'every service',
      to: 'outside consul',
      port,
      why: 'login, certificates and configuration from the servers',
    })),
    injects: consulSidecars,
    quotas: { services: { 'requests.cpu': '18', 'requests.memory': '22Gi', 'limits.memory': '22Gi' } },
    exceptions: [
      ...added(consulContainers, restricted, ['has no /tmp'], 'its files are in a volume of its own'),
      ...added(
        ['consul-connect-inject-init'],
        restricted,
        ['has a CPU limit', 'may be given more memory'],
        'sizes of the chart, connectInject.initContainer.resources; it ends before the service starts',
      ),
      ...added(consulContainers, pinned, ['runs hashicorp/'], ofTheMesh),
      {
        policy: restricted,
        object: 'Deployment ',
        problem: 'pods get a token for the Kubernetes API',
        reason: 'the proxy logs in to Consul with it, and its webhook refuses pods without; the account has no rights',
      },
      ...['Job ', 'StatefulSet '].map((object) => ({
        policy: strict,
        object,
        problem: 'its pods are not in the mesh',
        reason:
          'Consul registers pods by a Service that is named as their account, and Jobs have none; so PostgreSQL and NATS, which they call, stay outside, too: use TLS of their own',
      })),
      ...[4222, 5432].map((port) => ({
        policy: strict,
        object: 'Deployment ',
        problem: `its connections to port ${port} go around the mesh`,
        reason: 'PostgreSQL and NATS are outside of it, and wait-for-schema runs before the proxy',
      })),
    ],
  },
  ...scalingComponents,
  {
    name: 'blog-python',
    folder: 'examples/blog-python',
    overlays: [],
    elsewhere: 'it is an example; examples.spec.ts puts it on staging as its README says',
    flows: [
      { from: 'gateway', to: 'blog', port: 8080, why: 'public routes' },
      { from: 'blog', to: 'gateway', port: 8080, why: 'the keys that tokens are checked with' },
      { from: 'blog', to: 'postgres', port: 5432, why: 'its own database' },
      { from: 'blog/migration', to: 'postgres', port: 5432, why: 'migrations' },
      { from: 'blog', to: 'nats', port: 4222, why: 'events' },
    ],
  },
];

export const folderOf = ({ name, folder = `k8s/components/${name}` }: OptionalComponent): string => folder;

/** @throws Error for a name that is not in the list. */
export function componentOf(name: string, known: readonly OptionalComponent[] = optionalComponents): OptionalComponent {
  const found = known.find((each) => each.name === name);
  if (!found) throw new Error(`there is no component ${name}; there are ${known.map((each) => each.name).join(', ')}`);
  return found;
}

export const componentsFor = (
  overlay: OverlayName,
  known: readonly OptionalComponent[] = optionalComponents,
): readonly OptionalComponent[] => known.filter(({ overlays }) => overlays.includes(overlay));

/** Whether two components cannot be taken together. */
export const excludes = (a: OptionalComponent, b: OptionalComponent): boolean =>
  a !== b && ((a.excludes ?? []).includes(b.name) || (b.excludes ?? []).includes(a.name));

/** The names that an overlay may take, singly, and every set to which nothing more can be added. */
export function setsFor(
  overlay: OverlayName,
  known: readonly OptionalComponent[] = optionalComponents,
): readonly (readonly string[])[] {
  const mine = componentsFor(overlay, known);
  const fits = (set: readonly OptionalComponent[]): boolean => set.every((a) => set.every((b) => !excludes(a, b)));
  const sets = mine
    .reduce<OptionalComponent[][]>((all, each) => [...all, ...all.map((set) => [...set, each])], [[]])
    .filter(fits);
  const largest = sets.filter((set) => !mine.some((more) => !set.includes(more) && fits([...set, more])));
  return [...mine.map(({ name }) => [name]), ...largest.map(names).filter((set) => set.length > 1)];
}

const names = (set: readonly OptionalComponent[]): string[] => set.map(({ name }) => name);
