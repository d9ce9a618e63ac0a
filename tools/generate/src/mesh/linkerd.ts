import { labels, toControlPlane, tunnelPolicies } from './network-policies.js';
import { targets, unmeshed, type MeshTarget } from './targets.js';

/** Where a proxy takes the connections of other proxies (linkerd.io/2/common-errors/network-policy). */
const tunnel = 4143;
/** destination 8086, policy 8090, identity 8080 (linkerd2, charts/partials/templates/_proxy.tpl). */
const controlPlane = { namespace: 'linkerd', ports: [8080, 8086, 8090] } as const;

const object = (kind: string, name: string, spec: object, version = 'v1alpha1'): object => ({
  apiVersion: `policy.linkerd.io/${version}`,
  kind,
  metadata: { name, labels },
  spec,
});

/** `order-8080` */
const nameOf = ({ name, port }: MeshTarget): string => `${name}-${port}`;
const reference = (kind: string, name: string): object => ({ group: 'policy.linkerd.io', kind, name });

/** A Server refuses whom no AuthorizationPolicy lets in; `default-inbound-policy: deny` refuses where there is no Server. */
const server = (target: MeshTarget, proxyProtocol: string): object =>
  object(
    'Server',
    nameOf(target),
    {
      podSelector: { matchLabels: target.labels },
      port: target.port,
      proxyProtocol,
      accessPolicy: 'deny',
    },
    'v1beta3',
  );

/** Accounts without a namespace are those of the policy's own. */
const callers = (target: MeshTarget): object[] =>
  target.open
    ? []
    : [
        object('MeshTLSAuthentication', nameOf(target), {
          identityRefs: target.callers.map((name) => ({ kind: 'ServiceAccount', name })),
        }),
      ];

const authorization = (target: MeshTarget): object =>
  object('AuthorizationPolicy', nameOf(target), {
    targetRef: reference('Server', nameOf(target)),
    requiredAuthenticationRefs: [
      target.open ? reference('NetworkAuthentication', 'everyone') : reference('MeshTLSAuthentication', nameOf(target)),
    ],
  });

/**
 * Opaque: encrypted and passed on as it is. NATS speaks first, PostgreSQL is no HTTP; and of HTTP the proxy would make
 * 502 of a lost connection, which our libraries give to the caller, where they try another instance after a lost one.
 */
const targetObjects = (target: MeshTarget, proxyProtocol: string): object[] => [
  server(target, proxyProtocol),
  ...callers(target),
  authorization(target),
];

/** The component `mesh-linkerd`, by file. */
export const linkerd = (): Readonly<Record<string, object[]>> => ({
  'authorization-policies.yaml': [
    object('NetworkAuthentication', 'everyone', { networks: [{ cidr: '0.0.0.0/0' }, { cidr: '::/0' }] }),
    ...targets.flatMap((target) => targetObjects(target, 'opaque')),
    ...unmeshed.flatMap((target) => targetObjects(target, 'HTTP/1')),
  ],
  'network-policies.yaml': [...tunnelPolicies(tunnel), toControlPlane(controlPlane.namespace, controlPlane.ports)],
});
