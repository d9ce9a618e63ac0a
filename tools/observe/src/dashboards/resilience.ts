import { quantile, rate, type Board } from './board.js';

const each = (gauge: string): string => `max by (job, policy) (${gauge}{job=~"$job"})`;

export const resilience: Board = {
  uid: 'causeway-resilience',
  title: 'Causeway: resilience',
  about: 'Breakers, retries, bulkheads and admission: what protects a service, and what it refuses.',
  rows: [
    {
      title: 'Policies',
      graphs: [
        {
          title: 'Calls by outcome',
          unit: 'reqps',
          queries: [[rate('resilience_policy_calls_total', 'job, policy, outcome'), '{{job}} {{policy}} {{outcome}}']],
        },
        {
          title: 'Breakers',
          unit: 'short',
          note: '0 closed, 1 half-open, 2 open.',
          max: 2,
          queries: [[each('resilience_breaker_state'), '{{job}} {{policy}}']],
        },
        {
          title: 'Calls in flight and waiting',
          unit: 'short',
          queries: [
            [each('resilience_bulkhead_active'), '{{job}} {{policy}} in flight'],
            [each('resilience_bulkhead_queued'), '{{job}} {{policy}} waiting'],
          ],
        },
      ],
    },
    {
      title: 'Retries',
      graphs: [
        {
          title: 'Retries by decision',
          unit: 'reqps',
          queries: [
            [rate('resilience_policy_retries_total', 'job, policy, decision'), '{{job}} {{policy}} {{decision}}'],
          ],
        },
        {
          title: 'Retry budget left',
          unit: 'short',
          note: 'Full at 10; below 1 no retry is made.',
          queries: [['min by (job, policy) (resilience_retry_budget_left{job=~"$job"})', '{{job}} {{policy}}']],
        },
      ],
    },
    {
      title: 'Admission',
      graphs: [
        {
          title: 'Work that queues',
          unit: 'short',
          queries: [
            ['sum by (job, admission, kind) (admission_queued{job=~"$job"})', '{{job}} {{admission}} {{kind}}'],
          ],
        },
        {
          title: 'Time in the queue, p99',
          unit: 's',
          queries: [[quantile(0.99, 'admission_wait_duration', 'job, admission'), '{{job}} {{admission}}']],
        },
        {
          title: 'Refused',
          unit: 'reqps',
          queries: [[rate('admission_shed_total', 'job, admission, reason'), '{{job}} {{admission}} {{reason}}']],
        },
      ],
    },
    {
      title: 'Discovery',
      graphs: [
        {
          title: 'Known instances',
          unit: 'short',
          queries: [['min by (job, service) (discovery_endpoints{job=~"$job"})', '{{job}} knows {{service}}']],
        },
        {
          title: 'Ejected instances',
          unit: 'reqps',
          queries: [[rate('discovery_ejections_total', 'job, service'), '{{job}} ejected {{service}}']],
        },
        {
          title: 'Questions to the DNS',
          unit: 'reqps',
          queries: [[rate('discovery_lookups_total', 'job, service, outcome'), '{{job}} {{service}} {{outcome}}']],
        },
      ],
    },
  ],
};
