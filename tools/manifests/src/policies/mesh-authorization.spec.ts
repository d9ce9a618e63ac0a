import type { IAuthorizationPolicy } from '@kubernetes-models/istio/security.istio.io/v1';
import type { Copy } from '../testing/copy.js';
import { describePolicy } from '../testing/describe-policy.js';
import { meshMatchesTheCallGraph } from './mesh-authorization.js';

const istio = (copy: Copy, name: string) => copy.find<IAuthorizationPolicy>('AuthorizationPolicy', name).spec!;

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
]);
