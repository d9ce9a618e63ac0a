import type { IStatefulSet } from 'kubernetes-models/apps/v1';
import { describePolicy } from '../testing/describe-policy.js';
import { jetStreamFitsItsVolume } from './jetstream.js';

describePolicy(jetStreamFitsItsVolume, [
  [
    'a volume smaller than what may be stored',
    'kind',
    (copy) =>
      (copy.find<IStatefulSet>('StatefulSet', 'nats').spec!.volumeClaimTemplates![0]!.spec!.resources = {
        requests: { storage: '512Mi' },
      }),
    ['StatefulSet nats', '1Gi in files, and its volume has 512Mi'],
  ],
  [
    'no limit at all',
    'staging',
    (copy) => {
      const config = copy.config('nats');
      config['nats.conf'] = config['nats.conf']!.replaceAll(/max_\w+_store: \w+/g, '');
    },
    ['an unlimited amount in files', 'an unlimited amount in memory'],
  ],
]);
