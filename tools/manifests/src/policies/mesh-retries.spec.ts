import type { IDestinationRule, IVirtualService } from '@kubernetes-models/istio/networking.istio.io/v1';
import type { Body } from '../objects.js';
import { object, type Copy } from '../testing/copy.js';
import { describePolicy } from '../testing/describe-policy.js';
import { librariesRetryAlone } from './mesh-retries.js';

type Http = NonNullable<NonNullable<IVirtualService['spec']>['http']>[number];
const route = (http: Http) => (copy: Copy) =>
  copy.add(object('VirtualService', 'order', { spec: { hosts: ['order'], http: [http] } }));

const annotate = (name: string, value: string) => (copy: Copy) => {
  const service = copy.find<Body>('Service', 'order');
  Object.assign(service, { metadata: { ...service.metadata, annotations: { [name]: value } } });
};

describePolicy(librariesRetryAlone, [
  ['no mesh', 'staging', () => undefined, []],
  ['Istio as it is', 'staging + mesh-istio', () => undefined, []],
  [
    'Istio that repeats',
    'staging + mesh-istio',
    route({ retries: { attempts: 3 } }),
    ['VirtualService order: the mesh repeats failed requests (3)', 'set retries.attempts: 0'],
  ],
  [
    'Istio that repeats by default',
    'staging + mesh-istio',
    route({}),
    ['repeats failed requests (twice, its default)'],
  ],
  ['Istio that repeats nothing', 'staging + mesh-istio', route({ retries: { attempts: 0 } }), []],
  [
    'Istio with a timeout',
    'staging + mesh-istio',
    route({ retries: { attempts: 0 }, timeout: '5s' }),
    ['the mesh has a timeout of its own'],
  ],
  [
    'Istio that ejects',
    'staging + mesh-istio',
    (copy) =>
      copy.add(
        object('DestinationRule', 'order', {
          spec: {
            host: 'order',
            trafficPolicy: { outlierDetection: { consecutive5xxErrors: 5 } },
          } satisfies IDestinationRule['spec'],
        }),
      ),
    ['DestinationRule order: the mesh ejects instances by itself'],
  ],
  [
    'a waypoint, which repeats by default',
    'staging + mesh-istio',
    (copy) =>
      ((copy.find<Body>('Namespace').metadata.labels as Record<string, string>)['istio.io/use-waypoint'] = 'waypoint'),
    ['Namespace causeway-staging: its calls go through a waypoint'],
  ],
  ['Linkerd as it is', 'staging + mesh-linkerd', () => undefined, []],
  [
    'Linkerd that repeats',
    'staging + mesh-linkerd',
    annotate('retry.linkerd.io/http', '5xx'),
    ['Service order: the annotation retry.linkerd.io/http makes the mesh repeat'],
  ],
  [
    'Linkerd with a timeout',
    'staging + mesh-linkerd',
    annotate('timeout.linkerd.io/request', '5s'),
    ['Service order: the annotation timeout.linkerd.io/request'],
  ],
  [
    'Linkerd that ejects',
    'staging + mesh-linkerd',
    annotate('balancer.linkerd.io/failure-accrual', 'consecutive'),
    ['Service order: the annotation balancer.linkerd.io/failure-accrual'],
  ],
  [
    'Linkerd that repeats by a profile',
    'staging + mesh-linkerd',
    (copy) => copy.add(object('ServiceProfile', 'order', { spec: { routes: [{ name: 'all', isRetryable: true }] } })),
    ['ServiceProfile order: the mesh repeats failed requests'],
  ],
  ['Consul as it is', 'staging + mesh-consul', () => undefined, []],
  [
    'Consul that repeats',
    'staging + mesh-consul',
    (copy) =>
      copy.add(
        object('ServiceRouter', 'order', { spec: { routes: [{ destination: { service: 'order', numRetries: 2 } }] } }),
      ),
    ['ServiceRouter order: the mesh repeats failed requests'],
  ],
  [
    'Consul that ejects',
    'staging + mesh-consul',
    (copy) =>
      Object.assign(copy.find<{ spec: object }>('ServiceDefaults', 'order').spec, {
        upstreamConfig: { defaults: { passiveHealthCheck: { maxFailures: 5 } } },
      }),
    ['ServiceDefaults order: the mesh ejects instances by itself'],
  ],
  [
    'Consul with a timeout',
    'staging + mesh-consul',
    (copy) =>
      Object.assign(copy.find<{ spec: object }>('ServiceDefaults', 'order').spec, { localRequestTimeoutMs: 15_000 }),
    ['ServiceDefaults order: the mesh has a timeout of its own'],
  ],
]);
