import { labels, policy, tunnelPolicies } from './network-policies.js';
import { targets, unmeshed, type MeshTarget } from './targets.js';

/** HBONE: what ztunnels speak to each other (istio.io/latest/docs/ambient/architecture/hbone). */
const tunnel = 15_008;
/** Where the CNI plugin lets probes of the kubelet come from (istio/istio, cni/README.md, HOST_PROBE_SNAT_IP). */
const kubelet = '169.254.7.127/32';

const everything = [...targets, ...unmeshed];
const object = (kind: string, name: string, spec: object): object => ({
  apiVersion: 'security.istio.io/v1',
  kind,
  metadata: { name, labels },
  spec,
});

/** Ports that everyone may call are the only ones where a connection may come without a certificate. */
const peerAuthentications = (): object[] => [
  object('PeerAuthentication', 'default', { mtls: { mode: 'STRICT' } }),
  ...[
    ...Map.groupBy(
      everything.filter(({ open }) => open),
      ({ name }) => name,
    ),
  ].map(([name, ports]) =>
    object('PeerAuthentication', name, {
      selector: { matchLabels: ports[0]!.labels },
      mtls: { mode: 'STRICT' },
      portLevelMtls: Object.fromEntries(ports.map(({ port }) => [port, { mode: 'PERMISSIVE' }])),
    }),
  ),
];

/** Accounts without a namespace are those of the policy's own. */
const authorizationPolicies = (): object[] => [
  object('AuthorizationPolicy', 'default-deny', {}),
  ...[...Map.groupBy(everything, ({ name }) => name)].map(([name, ports]) =>
    object('AuthorizationPolicy', name, {
      selector: { matchLabels: ports[0]!.labels },
      action: 'ALLOW',
      rules: ports.map(rule),
    }),
  ),
];

const rule = ({ port, callers, open }: MeshTarget): object => ({
  ...(!open && { from: [{ source: { serviceAccounts: callers } }] }),
  to: [{ operation: { ports: [String(port)] } }],
});

/** The component `mesh-istio`, by file. */
export const istio = (): Readonly<Record<string, object[]>> => ({
  'peer-authentications.yaml': peerAuthentications(),
  'authorization-policies.yaml': authorizationPolicies(),
  'network-policies.yaml': [
    ...tunnelPolicies(tunnel),
    ...probed().map(({ name, labels: matchLabels, port }) =>
      policy(
        `mesh-probes-of-${name}`,
        { matchLabels },
        {
          policyTypes: ['Ingress'],
          ingress: [{ from: [{ ipBlock: { cidr: kubelet } }], ports: [{ protocol: 'TCP', port }] }],
        },
      ),
    ),
  ],
});

/** Ports with probes: those of health, and PostgreSQL's own. */
const probed = (): readonly MeshTarget[] => [...unmeshed, ...targets.filter(({ name }) => name === 'postgres')];
