import type { IScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import type { IConfigMap } from 'kubernetes-models/v1';
import { object, type Copy } from '../testing/copy.js';
import { describePolicy } from '../testing/describe-policy.js';
import { oneAutoscalerEach } from './autoscalers.js';

const scaled = (copy: Copy, name = 'order') => copy.find<Required<IScaledObject>>('ScaledObject', name).spec;
const withKeda = 'staging + keda';
/** Of the first trigger on lag; trigger 0 is CPU. */
const lag = (copy: Copy) => scaled(copy).triggers[1]!.metadata;

describePolicy(oneAutoscalerEach, [
  [
    'two for one Deployment',
    withKeda,
    (copy) =>
      copy.add({
        ...object('HorizontalPodAutoscaler', 'order', {
          spec: { scaleTargetRef: { kind: 'Deployment', name: 'order' }, maxReplicas: 3 },
        }),
        apiVersion: 'autoscaling/v2',
      }),
    ['Deployment order', 'HorizontalPodAutoscaler and ScaledObject both set its number of pods'],
  ],
  [
    'one for nothing',
    'kind',
    (copy) =>
      (copy.find<IHorizontalPodAutoscaler>('HorizontalPodAutoscaler', 'order').spec!.scaleTargetRef.name = 'orders'),
    ['HorizontalPodAutoscaler order', 'it scales Deployment orders, which does not exist'],
  ],
  [
    'no floor',
    withKeda,
    (copy) => (scaled(copy).minReplicaCount = 0),
    ['k8s/components/keda/scaled-objects.yaml', 'take away the last pod of Deployment order'],
  ],
  ["KEDA's own floor, which is 0", withKeda, (copy) => delete scaled(copy).minReplicaCount, ['the last pod']],
  [
    'a consumer of somebody else',
    withKeda,
    (copy) => (lag(copy)['consumer'] = 'payment__payment-cmd-void-v1'),
    [
      'the consumer PAYMENT/payment__payment-cmd-void-v1, which order has not',
      'does not look at the consumer PAYMENT/order__payment-evt-authorized-v1',
    ],
  ],
  ['another stream', withKeda, (copy) => (lag(copy)['stream'] = 'ORDER'), ['ORDER/order__payment-evt-authorized-v1']],
  ['no CPU', withKeda, (copy) => scaled(copy).triggers.shift(), ['does not look at CPU']],
  ['no fallback', withKeda, (copy) => delete scaled(copy).fallback, ['when NATS cannot be asked']],
  [
    'a fallback below the floor',
    'production + keda',
    (copy) => (scaled(copy).fallback!.replicas = 2),
    ['fallback.replicas between minReplicaCount and maxReplicaCount'],
  ],
  [
    'an autoscaler that stays behind',
    withKeda,
    (copy) => (scaled(copy).advanced!.horizontalPodAutoscalerConfig!.name = 'keda-order'),
    ['stays beside its own', 'transfer-hpa-ownership'],
  ],
  [
    'the NATS of production',
    withKeda,
    (copy) => (copy.find<IConfigMap>('ConfigMap', 'nats-monitoring').data!['endpoint'] = 'nats.causeway:8222'),
    ['KEDA asks nats.causeway:8222 for the lag', 'nats.causeway-staging:8222 in the overlay'],
  ],
  [
    'a NATS without a namespace',
    'production + keda',
    (copy) => (copy.find<IConfigMap>('ConfigMap', 'nats-monitoring').data!['endpoint'] = 'nats:8222'),
    ['KEDA asks nats:8222', 'host.namespace:port'],
  ],
  [
    'to zero what has work of its own',
    'staging + scale-to-zero',
    (copy) => (scaled(copy, 'psp-sandbox').scaleTargetRef.name = 'payment'),
    ['ScaledObject psp-sandbox', 'the last pod of Deployment payment', 'HorizontalPodAutoscaler and ScaledObject both'],
  ],
  [
    'a caller that goes past the interceptor',
    'staging + scale-to-zero',
    (copy) => (copy.config('payment')['PSP_URL'] = 'http://psp-sandbox:8080'),
    ['nobody is told to call psp-sandbox-on-demand', 'told to call psp-sandbox itself'],
  ],
  [
    'requests that nobody counts',
    'staging + scale-to-zero',
    (copy) => copy.remove('InterceptorRoute', 'psp-sandbox'),
    ['there is no InterceptorRoute psp-sandbox'],
  ],
]);
