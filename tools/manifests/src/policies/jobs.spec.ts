import { describePolicy } from '../testing/describe-policy.js';
import { migrationsComeFirst } from './jobs.js';

describePolicy(migrationsComeFirst, [
  [
    'a Job without its version',
    'kind',
    (copy) => ((copy.find('Job', 'order').metadata as { name: string }).name = 'order-migrate'),
    ['Job order-migrate:', '`replacements`'],
  ],
  ['a Job without an end', 'kind', (copy) => delete copy.job('order').activeDeadlineSeconds, ['may try for ever']],
  [
    'pods that do not wait',
    'kind',
    (copy) => (copy.pod('order').initContainers = []),
    ['Deployment order', 'wait-for-schema'],
  ],
  [
    'a migration of another image',
    'kind',
    (copy) => (copy.container('order').image = copy.pod('order').initContainers![0]!.image = 'causeway/order:new'),
    ['Job order-migrate-dev runs another one'],
  ],
  [
    'a Job in the quota of services',
    'kind',
    (copy) => delete copy.job('order').template.spec!.activeDeadlineSeconds,
    ['Job order-migrate-dev', 'template.spec.activeDeadlineSeconds'],
  ],
]);
