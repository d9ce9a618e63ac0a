import type { Body } from '../objects.js';
import type { Copy } from '../testing/copy.js';
import { describePolicy } from '../testing/describe-policy.js';
import { meshedPodsStartAndEnd } from './mesh-pods.js';

const annotations = (copy: Copy) => copy.find<Body>('Namespace').metadata.annotations as Record<string, string>;
const consul = (copy: Copy) => copy.deployment('order').spec!.template.metadata!.annotations!;

describePolicy(meshedPodsStartAndEnd, [
  ['no mesh', 'staging', () => undefined, []],
  ['Istio as it is', 'staging + mesh-istio', () => undefined, []],
  [
    'sidecars beside ambient mode',
    'staging + mesh-istio',
    (copy) => ((copy.find<Body>('Namespace').metadata.labels as Record<string, string>)['istio-injection'] = 'enabled'),
    ['Namespace causeway-staging: it injects sidecars beside ambient mode', 'remove the label istio-injection'],
  ],
  [
    'one sidecar beside ambient mode',
    'staging + mesh-istio',
    (copy) => (copy.deployment('order').spec!.template.metadata!.labels!['sidecar.istio.io/inject'] = 'true'),
    ['Deployment order: its pods get a sidecar'],
  ],
  ['Linkerd as it is', 'staging + mesh-linkerd', () => undefined, []],
  [
    'a proxy that outlives Jobs',
    'staging + mesh-linkerd',
    (copy) => delete annotations(copy)['config.linkerd.io/proxy-enable-native-sidecar'],
    ['Job order-migrate-v0-1-0: its proxy is no native sidecar: Jobs do not end'],
  ],
  [
    'a proxy that waits for HTTP where NATS speaks first',
    'staging + mesh-linkerd',
    (copy) => (annotations(copy)['config.linkerd.io/opaque-ports'] = '5432,8080'),
    ['StatefulSet nats: port 4222 is NATS, which speaks first, and its clients’ proxies look into it'],
  ],
  [
    'a proxy that answers in place of a lost connection',
    'staging + mesh-linkerd',
    (copy) => (copy.find<{ spec: { proxyProtocol: string } }>('Server', 'order-8080').spec.proxyProtocol = 'HTTP/1'),
    ['Deployment order: port 8080 is HTTP, of which libraries must see a lost connection', 'proxyProtocol: opaque'],
  ],
  ['Consul as it is', 'staging + mesh-consul', () => undefined, []],
  [
    'a proxy that starts too late',
    'staging + mesh-consul',
    (copy) => delete consul(copy)['consul.hashicorp.com/enable-consul-dataplane-as-sidecar'],
    ['Deployment order: its proxy is no native sidecar'],
  ],
  [
    'a pod that cannot log in',
    'staging + mesh-consul',
    (copy) => (copy.pod('order').automountServiceAccountToken = false),
    ['Deployment order: it has no token to log in to Consul with'],
  ],
  [
    'two Services, of which Consul would take either name',
    'staging + mesh-consul',
    (copy) => copy.add({ ...structuredClone(copy.find<Body>('Service', 'order')), metadata: { name: 'order-again' } }),
    ['Deployment order: Consul knows it as order and order-again', 'service-ignore'],
  ],
  [
    'a proxy that looks into connections',
    'staging + mesh-consul',
    (copy) => (copy.find<{ spec: { protocol: string } }>('ServiceDefaults', 'order').spec.protocol = 'http'),
    ['Deployment order: the proxy looks into its connections'],
  ],
  [
    'probes through the proxy',
    'staging + mesh-consul',
    (copy) => (consul(copy)['consul.hashicorp.com/transparent-proxy-exclude-inbound-ports'] = ''),
    ['Deployment order: its probes do not reach it'],
  ],
  [
    'an init container without a network',
    'staging + mesh-consul',
    (copy) => (consul(copy)['consul.hashicorp.com/transparent-proxy-exclude-outbound-ports'] = '4222'),
    ['Deployment order: it waits for its schema before the proxy runs'],
  ],
]);
