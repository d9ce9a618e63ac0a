import { describePolicy } from '../testing/describe-policy.js';
import { shapes } from '../testing/shapes.js';
import { settingsFit } from './settings.js';

describePolicy(settingsFit(shapes), [
  [
    'a setting that is missing',
    'kind',
    (copy) => delete copy.config('order')['CURSOR_SECRET_FILE'],
    ['k8s/base/service/deployment.yaml', 'Deployment order', 'not given CURSOR_SECRET', 'k8s/base/order/settings.env'],
  ],
  [
    'an unknown setting',
    'kind',
    (copy) => (copy.config('order')['ORDER_TIMER_POL_MS'] = '500'),
    ['ORDER_TIMER_POL_MS, which order does not know'],
  ],
  [
    'a value that is refused',
    'production',
    (copy) => (copy.config('gateway')['TRUST_PROXY'] = 'true'),
    ['TRUST_PROXY that gateway refuses: expected addresses'],
  ],
  [
    'a file where nothing is mounted',
    'kind',
    (copy) => (copy.config('user')['FIELD_KEYS_FILE'] = '/etc/keys/FIELD_KEYS'),
    ['FIELD_KEYS_FILE names /etc/keys/FIELD_KEYS'],
  ],
  [
    'a value and a file',
    'kind',
    (copy) => (copy.config('user')['NATS_PASSWORD'] = 'x'),
    ['both NATS_PASSWORD and NATS_PASSWORD_FILE'],
  ],
  [
    'an image of no app',
    'kind',
    (copy) => (copy.container('order').image = 'causeway/orders:dev'),
    ['there is no app orders'],
  ],
]);
