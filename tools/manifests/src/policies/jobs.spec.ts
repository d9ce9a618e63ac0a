import { describePolicy } from '../testing/describe-policy.js';
import { migrationsComeFirst } from './jobs.js';

describePolicy(migrationsComeFirst, [
  [
    'a Job without its version',
    'kind',
    (copy) => ((copy.find('Job', 'user').metadata as { name: string }).name = 'user-migrate'),
    ['Job user-migrate:', '`replacements`'],
  ],
  ['a Job without an end', 'kind', (copy) => delete copy.job('user').activeDeadlineSeconds, ['may try for ever']],
  [
    'pods that do not wait',
    'kind',
    (copy) => (copy.pod('user').initContainers = []),
    ['Deployment user', 'wait-for-schema'],
  ],
  [
    'a migration of another image',
    'kind',
    (copy) => (copy.container('user').image = copy.pod('user').initContainers![0]!.image = 'causeway/user:new'),
    ['Job user-migrate-dev runs another one'],
  ],
  [
    'a Job in the quota of services',
    'kind',
    (copy) => delete copy.job('user').template.spec!.activeDeadlineSeconds,
    ['Job user-migrate-dev', 'template.spec.activeDeadlineSeconds'],
  ],
]);
