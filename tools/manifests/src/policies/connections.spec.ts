import { describePolicy } from '../testing/describe-policy.js';
import { connectionsSuffice } from './connections.js';

describePolicy(connectionsSuffice, [
  [
    'a larger pool',
    'kind',
    (copy) => (copy.config('order')['DATABASE_POOL_MAX'] = '20'),
    [
      'k8s/components/postgres/stateful-set.yaml',
      'StatefulSet postgres',
      'connections, and there are ',
      // Four pods, each with its pool and the session of its outbox relay.
      'Deployment order 84',
    ],
  ],
]);
