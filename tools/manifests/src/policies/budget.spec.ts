import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import type { IService } from 'kubernetes-models/v1';
import { describePolicy } from '../testing/describe-policy.js';
import { requestsFitTheBudget } from './budget.js';

describePolicy(requestsFitTheBudget, [
  [
    'a pod that is too large',
    'kind',
    (copy) => (copy.container('order').resources!.limits!['memory'] = '1Gi'),
    [
      'k8s/base/platform/resource-quota.yaml',
      'ResourceQuota services: limits.memory',
      'Mi are allowed',
      'Deployment order 4Gi (3 pods and 1 of a roll-out)',
      'raise limits.memory of this quota to ',
    ],
  ],
  [
    'a quota with room for some of the Jobs',
    'kind',
    (copy) => Object.assign(copy.quota('jobs').hard!, { 'requests.memory': '352Mi', 'limits.memory': '352Mi' }),
    ['ResourceQuota jobs: requests.memory: ', '352Mi are allowed', 'Job postgres-init-dev 64Mi', 'for ever'],
  ],
  [
    'a quota with room for one volume',
    'kind',
    (copy) => (copy.quota('objects').hard!['requests.storage'] = '10Gi'),
    [
      'ResourceQuota objects: requests.storage: 15Gi',
      '10Gi are allowed',
      'StatefulSet nats 5Gi, StatefulSet postgres 10Gi',
    ],
  ],
  [
    'a Job that is too large',
    'kind',
    (copy) => (copy.job('order').template.spec!.containers[0]!.resources!.limits!['memory'] = '1Gi'),
    ['ResourceQuota jobs: limits.memory: ', 'Job order-migrate-dev 1Gi'],
  ],
  [
    'one quota for all',
    'kind',
    (copy) => delete copy.quota('jobs').scopes,
    ['ResourceQuota jobs: requests.memory: ', 'Deployment gateway'],
  ],
  [
    'too many pods',
    'staging',
    (copy) => (copy.find<IHorizontalPodAutoscaler>('HorizontalPodAutoscaler', 'gateway').spec!.maxReplicas = 60),
    ['ResourceQuota services: pods: ', 'Deployment gateway 61 (60 pods and 1 of a roll-out)'],
  ],
  [
    'more roll-outs at once than there is room for',
    'production',
    (copy) => (copy.deployment('order').spec!.strategy!.rollingUpdate!.maxSurge = '100%'),
    ['Deployment order 6000m (12 pods and 12 of a roll-out)'],
  ],
  [
    'a port of the node that is not allowed',
    'staging',
    (copy) => (copy.find<IService>('Service', 'order').spec!.type = 'LoadBalancer'),
    ['services.nodeports: 1 may', 'services.loadbalancers: 1 may'],
  ],
  [
    'a load balancer that no quota allows',
    'staging + load-balancer',
    (copy) => (copy.quota('objects').hard!['services.loadbalancers'] = '0'),
    ['services.loadbalancers: 1 may', 'Service gateway-public 1'],
  ],
  [
    'a load balancer that takes ports of the nodes',
    'staging + load-balancer',
    (copy) => delete copy.find<IService>('Service', 'gateway-public').spec!.allocateLoadBalancerNodePorts,
    ['services.nodeports: 1 may'],
  ],
  [
    'a line that is not counted',
    'kind',
    (copy) => (copy.quota('objects').hard!['count/replicasets.apps'] = '100'),
    ['it has count/replicasets.apps, which this check does not count'],
  ],
  [
    'storage in a quota of pods',
    'kind',
    (copy) => (copy.quota('jobs').hard!['requests.storage'] = '100Gi'),
    ['it limits requests.storage and has scopes'],
  ],
  [
    'a larger quota than was promised',
    'kind',
    (copy) => (copy.quota('services').hard!['requests.cpu'] = '4'),
    ['that a laptop was promised'],
  ],
  [
    'a larger first start than was promised',
    'kind',
    (copy) => (copy.find<IHorizontalPodAutoscaler>('HorizontalPodAutoscaler', 'user').spec!.minReplicas = 5),
    ['Mi that a laptop was promised', 'that the README names'],
  ],
  [
    'a scope that is not counted',
    'kind',
    (copy) => (copy.quota('jobs').scopes = ['BestEffort']),
    ['it has BestEffort, which this check does not count'],
  ],
  [
    'sidecars that the quota has no room for',
    'production + mesh-linkerd',
    (copy) => (copy.quota('services').hard!['requests.memory'] = '14Gi'),
    ['(overlay production + mesh-linkerd)', 'ResourceQuota services: requests.memory: '],
  ],
  [
    'sidecars that are larger than was counted on',
    'production + mesh-consul',
    (copy) => {
      const { annotations } = copy.deployment('order').spec!.template.metadata!;
      annotations!['consul.hashicorp.com/sidecar-proxy-cpu-request'] = '1';
    },
    ['ResourceQuota services: requests.cpu: ', 'Deployment order 16250m (12 pods and 1 of a roll-out)'],
  ],
]);
