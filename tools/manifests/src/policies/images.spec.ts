import type { Deployment } from '../objects.js';
import { describePolicy } from '../testing/describe-policy.js';
import { imagesArePinned } from './images.js';

describePolicy(imagesArePinned, [
  ['latest', 'kind', (copy) => (copy.container('user').image = 'causeway/user:latest'), ['something else tomorrow']],
  [
    'no tag',
    'staging',
    (copy) => (copy.container('user').image = 'causeway/user'),
    ['Deployment user', 'causeway/user, which'],
  ],
  [
    'a major version only',
    'staging',
    (copy) =>
      (copy.find<Deployment>('StatefulSet', 'postgres').spec!.template.spec!.containers[0]!.image = 'postgres:18'),
    ['k8s/components/postgres/stateful-set.yaml', 'postgres:18'],
  ],
  [
    'a tag in production',
    'production',
    (copy) => (copy.container('user').image = 'registry.example.org/causeway/user:v1-0-0'),
    ['without a digest'],
  ],
]);
