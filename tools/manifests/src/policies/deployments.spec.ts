import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { describePolicy } from '../testing/describe-policy.js';
import { deploymentsAreOperable } from './deployments.js';

describePolicy(deploymentsAreOperable, [
  [
    'no preStop',
    'kind',
    (copy) => delete copy.container('gateway').lifecycle,
    ['k8s/base/service/deployment.yaml', 'Deployment gateway', 'preStop.sleep'],
  ],
  [
    'a liveness that asks the database',
    'kind',
    (copy) => (copy.container('order').livenessProbe!.httpGet!.path = '/health/ready'),
    ['livenessProbe', '/health/live'],
  ],
  [
    'no readiness',
    'kind',
    (copy) => delete copy.container('order').readinessProbe,
    ['readinessProbe', '/health/ready'],
  ],
  [
    'a short start',
    'kind',
    (copy) => (copy.container('order').startupProbe!.failureThreshold = 3),
    ['less than a minute to start'],
  ],
  [
    'too little grace',
    'kind',
    (copy) => (copy.pod('order').terminationGracePeriodSeconds = 30),
    ['may need 55 s', 'at least 55'],
  ],
  [
    'a longer grace in the settings',
    'kind',
    (copy) => (copy.config('order')['SHUTDOWN_GRACE_MS'] = '60000'),
    ['may need 90 s'],
  ],
  [
    'no time to drain in the settings',
    'kind',
    (copy) => (copy.config('order')['SHUTDOWN_DRAIN_MS'] = '0'),
    ['cuts idle connections', 'more than 5000'],
  ],
  [
    'a rollout that takes pods away',
    'kind',
    (copy) => (copy.deployment('order').spec!.strategy!.rollingUpdate!.maxUnavailable = 1),
    ['maxUnavailable: 0'],
  ],
  ['a fixed number', 'kind', (copy) => (copy.deployment('order').spec!.replicas = 2), ['remove spec.replicas']],
  [
    'no history',
    'kind',
    (copy) => delete copy.deployment('order').spec!.revisionHistoryLimit,
    ['set spec.revisionHistoryLimit'],
  ],
  [
    'spread of other pods',
    'kind',
    (copy) =>
      (copy.pod('order').topologySpreadConstraints![0]!.labelSelector!.matchLabels!['app.kubernetes.io/name'] = 'user'),
    ['topologySpreadConstraints'],
  ],
  [
    'no budget',
    'kind',
    (copy) => copy.remove('PodDisruptionBudget', 'order'),
    ['Deployment order', 'PodDisruptionBudget'],
  ],
  [
    'a budget that blocks',
    'kind',
    (copy) => (copy.find<IPodDisruptionBudget>('PodDisruptionBudget', 'order').spec!.maxUnavailable = 0),
    ['blocked for ever'],
  ],
  ['no autoscaler', 'kind', (copy) => copy.remove('HorizontalPodAutoscaler', 'order'), ['nothing scales it']],
  [
    'an autoscaler that flaps',
    'kind',
    (copy) => delete copy.find<IHorizontalPodAutoscaler>('HorizontalPodAutoscaler', 'order').spec!.behavior,
    ['no stated behaviour'],
  ],
  [
    'the account of another service',
    'kind',
    (copy) => (copy.pod('order').serviceAccountName = 'user'),
    ['its own account'],
  ],
]);
