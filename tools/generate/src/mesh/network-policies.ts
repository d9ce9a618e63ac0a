import { labelsOf, targets, type MeshTarget } from './targets.js';

interface Relation {
  readonly name: string;
  readonly from: object;
  readonly to: object;
}

/** Who is selected by a label of its own (k8s/base/service/with-database and with-nats, and the Jobs). */
const clients: Readonly<Record<string, string>> = {
  postgres: 'causeway.dev/postgres',
  nats: 'causeway.dev/nats',
};

const callersOf = ({ name, callers }: MeshTarget): object => {
  const label = clients[name];
  if (label) return { matchLabels: { [label]: 'client' } };
  if (callers.length === 1) return { matchLabels: labelsOf(callers[0]!) };
  return {
    matchLabels: { 'app.kubernetes.io/component': 'service' },
    matchExpressions: [{ key: 'app.kubernetes.io/name', operator: 'In', values: callers }],
  };
};

/**
 * The call graph once more, on the port that a mesh uses between its pods. Which port they ask for is inside of the
 * tunnel, where the mesh's own authorization sees it.
 * @param into Which targets are in the mesh. Default: all.
 */
export const tunnelPolicies = (port: number, into: (target: MeshTarget) => boolean = () => true): object[] =>
  targets
    .filter(({ callers }) => callers.length > 0)
    .filter(into)
    .map((target) => ({ name: target.name, from: callersOf(target), to: { matchLabels: target.labels } }))
    .flatMap((relation) => bothSides(relation, [{ protocol: 'TCP', port }]));

const bothSides = ({ name, from, to }: Relation, ports: readonly object[]): object[] => [
  policy(`mesh-into-${name}`, to, { policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: from }], ports }] }),
  policy(`mesh-to-${name}`, from, { policyTypes: ['Egress'], egress: [{ to: [{ podSelector: to }], ports }] }),
];

/** The API server's own form of a NetworkPolicy. */
export const policy = (name: string, podSelector: object, rest: object): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, labels },
  spec: { podSelector, ...rest },
});

export const labels = { 'app.kubernetes.io/part-of': 'causeway' };

/** Every pod may ask the control plane of its mesh. */
export const toControlPlane = (namespace: string, ports: readonly number[], podSelector: object = {}): object =>
  policy('mesh-to-control-plane', podSelector, {
    policyTypes: ['Egress'],
    egress: [
      {
        to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }],
        ports: ports.map((port) => ({ protocol: 'TCP', port })),
      },
    ],
  });
