import { type Board } from './board.js';

const of = (gauge: string): string => `${gauge}{job=~"$job"}`;

export const node: Board = {
  uid: 'causeway-node',
  title: 'Causeway: Node.js',
  about: 'Event loop and memory of every process.',
  rows: [
    {
      title: 'Event loop',
      graphs: [
        {
          title: 'Utilization',
          unit: 'percentunit',
          max: 1,
          note: 'Near 1 a process does no more work, however many processors there are.',
          queries: [[of('nodejs_eventloop_utilization'), '{{instance}}']],
        },
        { title: 'Delay, p99', unit: 's', queries: [[of('nodejs_eventloop_delay_p99'), '{{instance}}']] },
        {
          title: 'Password hashes that wait',
          unit: 'short',
          note: 'They run on threads of the user service.',
          queries: [['auth_password_hash_queued', '{{instance}}']],
        },
      ],
    },
    {
      title: 'Memory',
      graphs: [
        { title: 'Resident', unit: 'bytes', queries: [[of('process_memory_usage'), '{{instance}}']] },
        { title: 'Heap in use', unit: 'bytes', queries: [[of('v8js_memory_heap_used'), '{{instance}}']] },
      ],
    },
    {
      title: 'What runs',
      graphs: [
        {
          title: 'Instances by version and commit',
          unit: 'short',
          queries: [
            [
              'count by (job, service_version, vcs_ref_head_revision) (target_info{job=~"$job"})',
              '{{job}} {{service_version}} {{vcs_ref_head_revision}}',
            ],
          ],
        },
      ],
    },
  ],
};
