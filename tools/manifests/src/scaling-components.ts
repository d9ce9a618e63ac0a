import { canaryFlows } from './canary-flows.js';
import type { OptionalComponent } from './optional-components.js';

const canaryElsewhere = 'the laptop node has no room for a second version, and the kind overlay no Gateway';

const canary = (service: string, others: readonly string[]): OptionalComponent => ({
  name: `canary-${service}`,
  overlays: ['staging', 'production'],
  elsewhere: canaryElsewhere,
  // One version is tried at a time. A mesh lets in callers by account, and those of a canary are its own.
  excludes: [...others, 'mesh-istio', 'mesh-linkerd', 'mesh-consul'],
  flows: canaryFlows(service),
  quotas: {
    services: { 'requests.cpu': '22', 'requests.memory': '22Gi', 'limits.memory': '22Gi', pods: '100' },
  },
});

/** What decides how many pods there are, which version they run, and who comes in. */
export const scalingComponents: readonly OptionalComponent[] = [
  {
    name: 'keda',
    overlays: ['staging', 'production'],
    elsewhere: 'KEDA itself asks for 300m, and the laptop node of 2 CPU has 125m left (k8s/overlays/kind/README.md)',
    flows: [{ from: 'outside keda', to: 'nats', port: 8222, why: 'KEDA asks for the lag of consumers' }],
  },
  {
    name: 'logging-elk',
    overlays: ['staging', 'production'],
    elsewhere: 'Elasticsearch alone wants more memory than the whole laptop node has',
    flows: [9200, 5601].map((port) => ({
      from: 'logging-elk/set-up',
      to: 'outside logging',
      port,
      why: 'index template, lifecycle, saved objects',
    })),
    exceptions: [
      {
        policy: 'every setting that a service requires is there, and no unknown one',
        object: 'Job logging-elk',
        problem: 'container set-up is not given',
        reason: 'it uses the Node of that image, and nothing of the gateway runs',
      },
    ],
  },
  {
    name: 'load-balancer',
    overlays: ['kind', 'staging', 'production'],
    quotas: { objects: { 'services.loadbalancers': '1' } },
  },
  canary('gateway', [
    // demo
    'canary-order',
    // end demo
  ]),
  // demo
  canary('order', ['canary-gateway']),
  {
    name: 'scale-to-zero',
    overlays: ['staging'],
    elsewhere: 'production has no pretend provider, and the laptop node has no room for KEDA',
    // The interceptor has an account of its own, in a namespace outside of the mesh: pods of the provider refuse it.
    excludes: ['mesh-istio', 'mesh-linkerd', 'mesh-consul'],
    flows: [
      { from: 'payment', to: 'outside keda', port: 8080, why: 'the interceptor holds charges until there is a pod' },
      { from: 'outside keda', to: 'psp-sandbox', port: 8080, why: 'and passes them on' },
    ],
  },
  // end demo
];
