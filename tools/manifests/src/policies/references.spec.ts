import { describePolicy } from '../testing/describe-policy.js';
import { referencesResolve } from './references.js';

describePolicy(referencesResolve, [
  [
    'a ConfigMap by a name without hash',
    'kind',
    (copy) => (copy.container('order').envFrom![0]!.configMapRef!.name = 'order'),
    ['reads the ConfigMap order'],
  ],
  ['no account', 'kind', (copy) => copy.remove('ServiceAccount', 'order'), ['account order does not exist']],
]);
