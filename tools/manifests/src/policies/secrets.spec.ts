import { object } from '../testing/copy.js';
import { describePolicy } from '../testing/describe-policy.js';
import { nothingSecretIsWritten } from './secrets.js';

describePolicy(nothingSecretIsWritten, [
  [
    'a Secret',
    'kind',
    (copy) => copy.add(object('Secret', 'order', { stringData: { FIELD_KEYS: 'v1:x' } })),
    ['k8s/planted.yaml', 'Secret order'],
  ],
  [
    'a password in a ConfigMap',
    'kind',
    (copy) => (copy.config('order')['NATS_PASSWORD'] = 'hunter2'),
    ['ConfigMap order-', 'NATS_PASSWORD is in a ConfigMap', 'NATS_PASSWORD_FILE'],
  ],
  [
    'a password in a URL',
    'kind',
    (copy) => (copy.config('order')['NATS_URL'] = 'nats://order:hunter2@nats:4222'),
    ['NATS_URL is in a ConfigMap'],
  ],
  [
    'a password in the environment',
    'kind',
    (copy) => copy.container('order').env!.push({ name: 'DATABASE_URL', value: 'postgres://a:b@c/d' }),
    ['has DATABASE_URL in the clear'],
  ],
]);
