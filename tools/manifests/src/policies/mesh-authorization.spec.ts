import type { IAuthorizationPolicy } from '@kubernetes-models/istio/security.istio.io/v1';
import type { Body } from '../objects.js';
import { object, type Copy } from '../testing/copy.js';
import { describePolicy } from '../testing/describe-policy.js';
import { meshMatchesTheCallGraph } from './mesh-authorization.js';

const istio = (copy: Copy, name: string) => copy.find<IAuthorizationPolicy>('AuthorizationPolicy', name).spec!;

/** Of Linkerd's objects what is changed here. */
interface LinkerdPolicy {
  spec: { identityRefs?: object[]; requiredAuthenticationRefs?: object[] };
}
const identities = (copy: Copy, name: string) =>
  copy.find<LinkerdPolicy>('MeshTLSAuthentication', name).spec.identityRefs!;
const sources = (copy: Copy, name: string) =>
  copy.find<{ spec: { sources: object[] } }>('ServiceIntentions', name).spec.sources;

describePolicy(meshMatchesTheCallGraph, [
  ['no mesh', 'staging', () => undefined, []],
  ['Istio as it is', 'staging + mesh-istio', () => undefined, []],
  [
    'a caller that is not in the call graph',
    'staging + mesh-istio',
    (copy) => istio(copy, 'order').rules![0]!.from![0]!.source!.serviceAccounts!.push('payment'),
    ['k8s/components/mesh-istio/authorization-policies.yaml', 'payment → order:8080 is let in by the mesh', 'npm run'],
  ],
  [
    'a rule for everybody',
    'staging + mesh-istio',
    (copy) => delete istio(copy, 'postgres').rules![0]!.from,
    ['AuthorizationPolicy postgres: anyone → postgres:5432 is let in by the mesh'],
  ],
  [
    'a caller that is missing',
    'production + mesh-istio',
    (copy) => istio(copy, 'user').rules!.shift(),
    ['AuthorizationPolicy user: gateway → user:8080 (public routes) is refused by the mesh'],
  ],
  [
    'a policy that is missing, where nobody else is let in',
    'staging + mesh-istio',
    (copy) => copy.remove('AuthorizationPolicy', 'payment'),
    ['gateway → payment:8080 (public routes) is refused by the mesh', 'anyone → payment:9090 (probes'],
  ],
  [
    'no policy that refuses',
    'staging + mesh-istio',
    (copy) => {
      copy.remove('AuthorizationPolicy', 'default-deny');
      copy.remove('AuthorizationPolicy', 'payment');
    },
    ['anyone → payment:8080 is let in by the mesh'],
  ],
  [
    'a rule that ztunnel cannot check',
    'staging + mesh-istio',
    (copy) => (istio(copy, 'order').rules![0]!.to![0]!.operation!.methods = ['GET']),
    ['AuthorizationPolicy order: it asks for more than a port'],
  ],
  [
    'callers by the name of one namespace',
    'staging + mesh-istio',
    (copy) => (istio(copy, 'order').rules![0]!.from![0]!.source = { principals: ['cluster.local/ns/a/sa/gateway'] }),
    ['AuthorizationPolicy order: it names callers by something else than serviceAccounts'],
  ],
  [
    'a list of callers that are refused',
    'staging + mesh-istio',
    (copy) => (istio(copy, 'order').action = 'DENY'),
    ['AuthorizationPolicy order: it is no list of allowed callers'],
  ],
  ['Linkerd as it is', 'staging + mesh-linkerd', () => undefined, []],
  [
    'a caller too many with Linkerd',
    'staging + mesh-linkerd',
    (copy) => identities(copy, 'order-8080').push({ kind: 'ServiceAccount', name: 'payment' }),
    ['k8s/components/mesh-linkerd/authorization-policies.yaml', 'payment → order:8080 is let in by the mesh'],
  ],
  [
    'every account, because none is named',
    'staging + mesh-linkerd',
    (copy) =>
      copy
        .find<LinkerdPolicy>('MeshTLSAuthentication', 'order-8080')
        .spec.identityRefs!.push({ kind: 'ServiceAccount' }),
    [
      'anyone → order:8080 is let in by the mesh',
      'MeshTLSAuthentication order-8080: it names callers by something else',
    ],
  ],
  [
    'everybody, by network',
    'staging + mesh-linkerd',
    (copy) =>
      (copy.find<LinkerdPolicy>('AuthorizationPolicy', 'postgres-5432').spec.requiredAuthenticationRefs = [
        { group: 'policy.linkerd.io', kind: 'NetworkAuthentication', name: 'everyone' },
      ]),
    ['anyone → postgres:5432 is let in by the mesh'],
  ],
  [
    'no authentication at all',
    'staging + mesh-linkerd',
    (copy) => (copy.find<LinkerdPolicy>('AuthorizationPolicy', 'nats-4222').spec.requiredAuthenticationRefs = []),
    ['anyone → nats:4222 is let in by the mesh'],
  ],
  [
    'a Server that is missing',
    'staging + mesh-linkerd',
    (copy) => copy.remove('Server', 'user-8080'),
    ['gateway → user:8080 (public routes) is refused by the mesh'],
  ],
  [
    'an authentication that is missing, with which a policy lets in nobody',
    'production + mesh-linkerd',
    (copy) => copy.remove('MeshTLSAuthentication', 'user-8080'),
    ['gateway → user:8080 (public routes) is refused by the mesh'],
  ],
  [
    'an older kind of authorization',
    'staging + mesh-linkerd',
    (copy) => copy.add(object('ServerAuthorization', 'order', { spec: { server: { name: 'order-8080' } } })),
    ['ServerAuthorization order: it is of a kind that this check does not count'],
  ],
  [
    'two Servers for a port',
    'staging + mesh-linkerd',
    (copy) =>
      copy.add({ ...structuredClone(copy.find<Body>('Server', 'order-8080')), metadata: { name: 'order-again' } }),
    ['Deployment order: two Servers select its port 8080'],
  ],
  ['Consul as it is', 'staging + mesh-consul', () => undefined, []],
  [
    'a caller too many with Consul',
    'staging + mesh-consul',
    (copy) => sources(copy, 'order').push({ name: 'payment', action: 'allow' }),
    ['k8s/components/mesh-consul/service-intentions.yaml', 'payment → order:8080 is let in by the mesh'],
  ],
  [
    'everybody else as the cluster has it',
    'staging + mesh-consul',
    (copy) => sources(copy, 'order').pop(),
    ['anyone → order:8080 is let in by the mesh'],
  ],
  [
    'no intention',
    'staging + mesh-consul',
    (copy) => copy.remove('ServiceIntentions', 'user'),
    ['anyone → user:8080 is let in by the mesh'],
  ],
  [
    'a caller that is missing',
    'production + mesh-consul',
    (copy) => sources(copy, 'user').shift(),
    ['gateway → user:8080 (public routes) is refused by the mesh'],
  ],
  [
    'an edge that nobody outside reaches',
    'production + mesh-consul',
    (copy) =>
      (copy.deployment('gateway').spec!.template.metadata!.annotations![
        'consul.hashicorp.com/transparent-proxy-exclude-inbound-ports'
      ] = '9090'),
    ['anyone → gateway:8080 (the only way in) is refused by the mesh'],
  ],
  [
    'permissions by path',
    'staging + mesh-consul',
    (copy) => Object.assign(sources(copy, 'order')[0]!, { action: undefined, permissions: [{}] }),
    ['ServiceIntentions order: it asks for more than a name'],
  ],
]);
