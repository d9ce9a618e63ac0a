import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import {
  containersOf,
  matches,
  ofKind,
  podsOf,
  type Labels,
  type Manifest,
  type Pods,
  type Rendered,
} from './objects.js';
import { componentOf } from './optional-components.js';

/** A connection that the policies of the namespace let through. */
export interface Allowed {
  readonly from: string;
  /** A workload, or `outside <namespace or addresses>`. */
  readonly to: string;
  readonly port: number;
}

type PolicyManifest = Manifest<INetworkPolicy>;
type Spec = NonNullable<INetworkPolicy['spec']>;
type IngressRule = NonNullable<Spec['ingress']>[number];
type EgressRule = NonNullable<Spec['egress']>[number];
type Peer = NonNullable<IngressRule['from']>[number];
type Ports = IngressRule['ports'];
type Selector = NonNullable<Peer['podSelector']>;

const nameLabel = 'app.kubernetes.io/name';
const componentLabel = 'app.kubernetes.io/component';

/** `order` for the pods of a service, `order/migration` for those of its Job. */
export function workloadName({ manifest, labels }: Pods): string {
  const name = labels[nameLabel] ?? manifest.body.metadata.name;
  return manifest.body.kind === 'Job' ? `${name}/${labels[componentLabel]}` : name;
}

/**
 * What the NetworkPolicies allow, worked out as a network plugin would: a pod that a policy selects may only do what
 * one of its policies says, and a connection between two pods needs the consent of both. `outside` is a pod of another
 * namespace, or an address.
 */
export function allowedFlows(rendered: Rendered): Allowed[] {
  const policies = ofKind<INetworkPolicy>(rendered, 'NetworkPolicy');
  const pods = podsOf(rendered);
  const between = pods.flatMap((from) =>
    pods.filter((to) => to !== from).flatMap((to) => connections(policies, from, to, portsOf(to, rendered))),
  );
  return [
    ...between,
    ...pods.flatMap((to) => fromOutside(policies, to, portsOf(to, rendered))),
    ...pods.flatMap((from) => toOutside(policies, from)),
  ];
}

/** The ports of its containers, sidecars included, and the one that a mesh listens on in their place. */
export function portsOf(pods: Pods, { components = [] }: Rendered): number[] {
  const declared = containersOf(pods.spec).flatMap(({ ports }) => ports ?? []);
  const tunnels = components.flatMap((name) => componentOf(name).tunnel ?? []);
  const ports = [
    ...declared.map(({ containerPort }) => containerPort),
    ...tunnels.filter(({ meshed }) => meshed(pods)).map(({ port }) => port),
  ];
  return [...new Set(ports)];
}

function connections(policies: readonly PolicyManifest[], from: Pods, to: Pods, ports: readonly number[]): Allowed[] {
  return ports
    .filter(
      (port) =>
        mayLeave(policies, from, (rule) => opens(rule.ports, port, to) && reaches(rule.to, to.labels)) &&
        mayEnter(policies, to, (rule) => opens(rule.ports, port, to) && reaches(rule.from, from.labels)),
    )
    .map((port) => ({ from: workloadName(from), to: workloadName(to), port }));
}

/** A rule without peers lets in everybody: `outside`. Otherwise the name says which namespace or addresses. */
function fromOutside(policies: readonly PolicyManifest[], to: Pods, ports: readonly number[]): Allowed[] {
  const selecting = policiesOf(policies, to, 'Ingress');
  const rules = selecting.flatMap(({ body }) => body.spec?.ingress ?? []);
  return ports.flatMap((port) => {
    if (selecting.length === 0) return [{ from: 'outside', to: workloadName(to), port }];
    const peers = rules.filter((rule) => opens(rule.ports, port, to)).flatMap(outsiders);
    return [...new Set(peers)].map((from) => ({ from, to: workloadName(to), port }));
  });
}

const outsiders = ({ from }: IngressRule): string[] =>
  from?.length ? from.filter(isOutside).map((peer) => `outside ${describePeer(peer)}`) : ['outside'];

function toOutside(policies: readonly PolicyManifest[], from: Pods): Allowed[] {
  const name = workloadName(from);
  const selecting = policiesOf(policies, from, 'Egress');
  if (selecting.length === 0) return [{ from: name, to: 'outside everything', port: 0 }];
  return selecting
    .flatMap(({ body }) => body.spec?.egress ?? [])
    .flatMap((rule) => outsideOf(rule).flatMap((to) => numbers(rule.ports).map((port) => ({ from: name, to, port }))));
}

const outsideOf = ({ to }: EgressRule): string[] =>
  to?.length ? to.filter(isOutside).map((peer) => `outside ${describePeer(peer)}`) : ['outside everything'];

const isOutside = ({ ipBlock, namespaceSelector }: Peer): boolean =>
  ipBlock !== undefined || namespaceSelector !== undefined;

const describePeer = ({ ipBlock, namespaceSelector }: Peer): string =>
  ipBlock?.cidr ?? namespaceSelector?.matchLabels?.['kubernetes.io/metadata.name'] ?? 'any namespace';

const policiesOf = (
  policies: readonly PolicyManifest[],
  { labels }: Pods,
  direction: 'Ingress' | 'Egress',
): PolicyManifest[] =>
  policies.filter(
    ({ body }) => selects(body.spec?.podSelector ?? {}, labels) && body.spec?.policyTypes?.includes(direction),
  );

function mayLeave(policies: readonly PolicyManifest[], from: Pods, allows: (rule: EgressRule) => boolean): boolean {
  const selecting = policiesOf(policies, from, 'Egress');
  return selecting.length === 0 || selecting.some(({ body }) => (body.spec?.egress ?? []).some(allows));
}

function mayEnter(policies: readonly PolicyManifest[], to: Pods, allows: (rule: IngressRule) => boolean): boolean {
  const selecting = policiesOf(policies, to, 'Ingress');
  return selecting.length === 0 || selecting.some(({ body }) => (body.spec?.ingress ?? []).some(allows));
}

/** No peers means every peer. A peer with a namespace or addresses is outside. */
const reaches = (peers: readonly Peer[] | undefined, labels: Labels): boolean =>
  !peers?.length ||
  peers.some(
    ({ podSelector, namespaceSelector, ipBlock }) =>
      !namespaceSelector && !ipBlock && selects(podSelector ?? {}, labels),
  );

/** No ports: all of them. */
const opens = (ports: Ports, port: number, { spec }: Pods): boolean =>
  !ports?.length ||
  ports.some(
    (each) =>
      each.port === undefined ||
      each.port === port ||
      containersOf(spec).some(({ ports: own }) =>
        own?.some(({ name, containerPort }) => name === each.port && containerPort === port),
      ),
  );

const numbers = (ports: Ports): number[] => {
  const found = (ports ?? []).map(({ port }) => (typeof port === 'number' ? port : 0));
  return found.length > 0 ? [...new Set(found)] : [0];
};

function selects({ matchLabels, matchExpressions }: Selector, labels: Labels): boolean {
  const expressions = (matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === 'In') return value !== undefined && values.includes(value);
    if (operator === 'NotIn') return value === undefined || !values.includes(value);
    return operator === 'Exists' ? value !== undefined : value === undefined;
  });
  return expressions && matches(labels, matchLabels);
}
