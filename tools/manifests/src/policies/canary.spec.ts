import type { IHTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1';
import type { Copy } from '../testing/copy.js';
import { describePolicy } from '../testing/describe-policy.js';
import { canariesAreWeighed } from './canary.js';

const route = (copy: Copy) => copy.find<Required<IHTTPRoute>>('HTTPRoute', 'causeway');
const backends = (copy: Copy) => route(copy).spec.rules![0]!.backendRefs!;

describePolicy(canariesAreWeighed, [
  [
    'weights that do not add up',
    'staging + canary-order',
    (copy) => (backends(copy)[0]!.weight = 90),
    ['k8s/components/gateway-api/routes.yaml', 'HTTPRoute causeway: its weights 90, 0 are no percentages'],
  ],
  [
    'a weight that is left out, which is 1',
    'production + canary-gateway',
    (copy) => delete backends(copy)[1]!.weight,
    ['its weights 100, none', 'let them add up to 100'],
  ],
  [
    'a share that GitOps has committed, which is fine',
    'staging + canary-gateway',
    (copy) => [90, 10].forEach((weight, index) => (backends(copy)[index]!.weight = weight)),
    [],
  ],
  [
    'a route that does not say what is tried',
    'staging + canary-order',
    (copy) => delete (route(copy).metadata.labels as Record<string, string>)['causeway.dev/canary'],
    ['does not know what is tried'],
  ],
  [
    'a lane that leads past the canary',
    'production + canary-order',
    (copy) => {
      const setting = copy.container('gateway-canary').env!.find(({ name }) => name === 'DISCOVERY_STATIC')!;
      setting.value = setting.value!.replace('order-canary', 'order');
    },
    ['Deployment order-canary: no request can reach it'],
  ],
  [
    'a canary that no route names',
    'production + canary-gateway',
    (copy) => backends(copy).pop(),
    ['Deployment gateway-canary: no request can reach it'],
  ],
]);
