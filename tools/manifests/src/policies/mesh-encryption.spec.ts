import type { IDestinationRule } from '@kubernetes-models/istio/networking.istio.io/v1';
import type { IPeerAuthentication } from '@kubernetes-models/istio/security.istio.io/v1';
import type { Body } from '../objects.js';
import type { IServiceDefaults } from '../schemas/consul.js';
import { object, type Copy } from '../testing/copy.js';
import { describePolicy } from '../testing/describe-policy.js';
import { meshIsStrict } from './mesh-encryption.js';

const labels = (body: Body) => body.metadata.labels as Record<string, string>;
const annotations = (body: Body) => body.metadata.annotations as Record<string, string>;
const consul = (copy: Copy) => copy.deployment('order').spec!.template.metadata!.annotations!;
const peers = (copy: Copy, name: string) => copy.find<IPeerAuthentication>('PeerAuthentication', name).spec!;

describePolicy(meshIsStrict, [
  ['no mesh', 'staging', () => undefined, []],
  ['Istio as it is', 'staging + mesh-istio', () => undefined, []],
  [
    'Istio that takes everything',
    'staging + mesh-istio',
    (copy) => (peers(copy, 'default').mtls!.mode = 'PERMISSIVE'),
    ['PeerAuthentication default: its mtls.mode is PERMISSIVE', 'connections without mutual TLS are taken', 'STRICT'],
  ],
  [
    'Istio without a mode',
    'production + mesh-istio',
    (copy) => copy.remove('PeerAuthentication', 'default'),
    ['Namespace causeway: connections without mutual TLS are taken'],
  ],
  [
    'a port that Istio leaves open',
    'staging + mesh-istio',
    (copy) => (peers(copy, 'order').portLevelMtls!['8080'] = { mode: 'DISABLE' }),
    ['k8s/components/mesh-istio/peer-authentications.yaml', 'order:8080 takes connections without mutual TLS'],
  ],
  [
    'calls in the clear',
    'staging + mesh-istio',
    (copy) =>
      copy.add(
        object('DestinationRule', 'order', {
          spec: { host: 'order', trafficPolicy: { tls: { mode: 'DISABLE' } } } satisfies IDestinationRule['spec'],
        }),
      ),
    ['DestinationRule order: it switches mutual TLS off'],
  ],
  [
    'a namespace outside of Istio',
    'staging + mesh-istio',
    (copy) => delete labels(copy.find('Namespace'))['istio.io/dataplane-mode'],
    ['Deployment order: its pods are not in the mesh', 'Job order-migrate-v0-1-0: its pods are not in the mesh'],
  ],
  [
    'a pod outside of Istio',
    'staging + mesh-istio',
    (copy) => (copy.deployment('order').spec!.template.metadata!.labels!['istio.io/dataplane-mode'] = 'none'),
    ['Deployment order: its pods are not in the mesh'],
  ],
  ['Linkerd as it is', 'staging + mesh-linkerd', () => undefined, []],
  [
    'Linkerd that takes what no Server is for',
    'staging + mesh-linkerd',
    (copy) =>
      (annotations(copy.find('Namespace'))['config.linkerd.io/default-inbound-policy'] = 'cluster-authenticated'),
    ['Namespace causeway-staging: ports without a Server take connections without mutual TLS'],
  ],
  [
    'a Server that lets in more than its policies',
    'staging + mesh-linkerd',
    (copy) =>
      (copy.find<{ spec: { accessPolicy: string } }>('Server', 'order-8080').spec.accessPolicy = 'all-unauthenticated'),
    ['Server order-8080: it lets in all-unauthenticated'],
  ],
  [
    'connections around the proxy',
    'staging + mesh-linkerd',
    (copy) =>
      (copy.deployment('order').spec!.template.metadata!.annotations = {
        'config.linkerd.io/skip-outbound-ports': '5432',
      }),
    ['Deployment order: some of its connections go around the proxy (config.linkerd.io/skip-outbound-ports)'],
  ],
  [
    'a pod without a proxy',
    'staging + mesh-linkerd',
    (copy) => (copy.deployment('order').spec!.template.metadata!.annotations = { 'linkerd.io/inject': 'disabled' }),
    ['Deployment order: its pods are not in the mesh'],
  ],
  ['Consul as it is, with what it is excused from', 'staging + mesh-consul', () => undefined, []],
  [
    'a service outside of Consul, which is excused for Jobs only',
    'staging + mesh-consul',
    (copy) => delete consul(copy)['consul.hashicorp.com/connect-inject'],
    ['Deployment order: its pods are not in the mesh'],
  ],
  [
    'Consul that takes everything',
    'staging + mesh-consul',
    (copy) =>
      ((copy.find<IServiceDefaults>('ServiceDefaults', 'order') as { spec: object }).spec = { protocol: 'tcp' }),
    ['Deployment order: connections without mutual TLS may be taken', 'mutualTLSMode: strict'],
  ],
  [
    'a port that goes around Consul',
    'staging + mesh-consul',
    (copy) => (consul(copy)['consul.hashicorp.com/transparent-proxy-exclude-inbound-ports'] = '8080,9090'),
    ['Deployment order: order:8080 takes connections without mutual TLS'],
  ],
  [
    'calls that go around Consul',
    'staging + mesh-consul',
    (copy) => (consul(copy)['consul.hashicorp.com/transparent-proxy-exclude-outbound-ports'] = '4222,5432,8080'),
    ['Deployment order: its connections to port 8080 go around the mesh'],
  ],
  [
    'no redirection at all',
    'staging + mesh-consul',
    (copy) => (consul(copy)['consul.hashicorp.com/transparent-proxy'] = 'false'),
    ['Deployment order: its connections are not led through the proxy'],
  ],
]);
