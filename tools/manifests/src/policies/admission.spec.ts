import type { ILimitRange } from 'kubernetes-models/v1';
import { object } from '../testing/copy.js';
import { describePolicy } from '../testing/describe-policy.js';
import { podsAreAdmitted } from './admission.js';

describePolicy(podsAreAdmitted, [
  [
    'a CPU limit that the quota asks for',
    'kind',
    (copy) => (copy.quota('services').hard!['limits.cpu'] = '20'),
    ['Deployment user', 'container wait-for-schema states no limits.cpu, and ResourceQuota services refuses such pods'],
  ],
  [
    'a container above the LimitRange',
    'staging',
    (copy) => (copy.container('user').resources!.limits!['memory'] = '3Gi'),
    ['container service has 3Gi of memory, and a LimitRange allows at most 2Gi'],
  ],
  [
    'a request above the default limit',
    'kind',
    (copy) => (copy.container('user').resources = { requests: { cpu: '75m', memory: '192Mi' } }),
    ['asks for more memory than its limit 128Mi'],
  ],
  [
    'pods that no quota counts',
    'kind',
    (copy) => copy.remove('ResourceQuota', 'services'),
    ['StatefulSet postgres', 'no quota limits requests.memory of its pods'],
  ],
  [
    'a CronJob that overlaps with itself',
    'kind',
    (copy) =>
      copy.add({
        ...object('CronJob', 'sweep', { spec: { schedule: '@hourly', jobTemplate: { spec: copy.job('user') } } }),
        apiVersion: 'batch/v1',
      }),
    ['CronJob sweep', 'concurrencyPolicy: Forbid'],
  ],
  [
    'one pod a node',
    'kind',
    (copy) =>
      copy.add({
        ...object('DaemonSet', 'agent', { spec: { template: copy.deployment('user').spec!.template } }),
        apiVersion: 'apps/v1',
      }),
    ['DaemonSet agent', 'the nodes are unknown'],
  ],
  [
    'a LimitRange with a line that is not checked',
    'kind',
    (copy) => (copy.find<ILimitRange>('LimitRange').spec!.limits[0]!.min = { memory: '1Mi' }),
    ['LimitRange causeway', 'which this check does not count'],
  ],
]);
