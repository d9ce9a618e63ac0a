import { object } from '../testing/copy.js';
import { describePolicy } from '../testing/describe-policy.js';
import { nothingSecretIsWritten } from './secrets.js';

describePolicy(nothingSecretIsWritten, [
  [
    'a Secret',
    'kind',
    (copy) => copy.add(object('Secret', 'user', { stringData: { FIELD_KEYS: 'v1:x' } })),
    ['k8s/planted.yaml', 'Secret user'],
  ],
  [
    'a password in a ConfigMap',
    'kind',
    (copy) => (copy.config('user')['NATS_PASSWORD'] = 'hunter2'),
    ['ConfigMap user-', 'NATS_PASSWORD is in a ConfigMap', 'NATS_PASSWORD_FILE'],
  ],
  [
    'a password in a URL',
    'kind',
    (copy) => (copy.config('user')['NATS_URL'] = 'nats://user:hunter2@nats:4222'),
    ['NATS_URL is in a ConfigMap'],
  ],
  [
    'a password in the environment',
    'kind',
    (copy) => copy.container('user').env!.push({ name: 'DATABASE_URL', value: 'postgres://a:b@c/d' }),
    ['has DATABASE_URL in the clear'],
  ],
]);
