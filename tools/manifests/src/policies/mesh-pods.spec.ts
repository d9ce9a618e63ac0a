import type { Body } from '../objects.js';
import { describePolicy } from '../testing/describe-policy.js';
import { meshedPodsStartAndEnd } from './mesh-pods.js';

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
]);
