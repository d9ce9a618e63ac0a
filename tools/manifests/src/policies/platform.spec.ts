import type { INamespace } from 'kubernetes-models/v1';
import { object } from '../testing/copy.js';
import { describePolicy } from '../testing/describe-policy.js';
import { namespaceIsGuarded } from './platform.js';

describePolicy(namespaceIsGuarded, [
  [
    'another level',
    'kind',
    (copy) =>
      ((copy.find<INamespace>('Namespace').metadata.labels as Record<string, string>)[
        'pod-security.kubernetes.io/enforce'
      ] = 'baseline'),
    ['k8s/base/platform/namespace.yaml', 'Namespace causeway', 'enforce: restricted'],
  ],
  ['no defaults', 'kind', (copy) => copy.remove('LimitRange', 'causeway'), ['add a LimitRange']],
  [
    'an object elsewhere',
    'kind',
    (copy) => copy.add({ ...object('ConfigMap', 'x'), metadata: { name: 'x', namespace: 'default' } }),
    ['ConfigMap x', 'namespace default'],
  ],
]);
