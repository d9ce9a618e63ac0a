import { quantile, rate, type Board } from './board.js';

const consumer = '{{messaging_consumer_group_name}}';
/** All instances of a service report the same consumer. */
const shared = (gauge: string): string => `max by (messaging_consumer_group_name) (${gauge}{job=~"$job"})`;

export const messaging: Board = {
  uid: 'causeway-messaging',
  title: 'Causeway: messaging',
  about: 'From the outbox to the consumer: what waits, what fails, what became a dead letter.',
  rows: [
    {
      title: 'Outbox',
      graphs: [
        {
          title: 'Oldest unpublished message',
          unit: 's',
          queries: [['max by (job) (messaging_outbox_oldest_age{job=~"$job"})', '{{job}}']],
        },
        {
          title: 'Unpublished messages',
          unit: 'short',
          queries: [['max by (job) (messaging_outbox_pending{job=~"$job"})', '{{job}}']],
        },
        {
          title: 'Published',
          unit: 'reqps',
          queries: [
            [rate('messaging_outbox_published_total', 'messaging_destination_name'), '{{messaging_destination_name}}'],
          ],
        },
      ],
    },
    {
      title: 'Consumers',
      graphs: [
        {
          title: 'Waiting for delivery',
          unit: 'short',
          queries: [[shared('messaging_consumer_pending'), consumer]],
        },
        {
          title: 'Delivered, not acknowledged',
          unit: 'short',
          queries: [[shared('messaging_consumer_ack_pending'), consumer]],
        },
        {
          title: 'Delivered more than once',
          unit: 'short',
          note: 'These fail and come back; after 8 attempts they become dead letters.',
          queries: [[shared('messaging_consumer_redelivered'), consumer]],
        },
      ],
    },
    {
      title: 'Handling',
      graphs: [
        {
          title: 'Handled',
          unit: 'reqps',
          queries: [[rate('messaging_process_duration_count', 'messaging_consumer_group_name'), consumer]],
        },
        {
          title: 'Failed attempts',
          unit: 'reqps',
          queries: [
            [
              rate(
                'messaging_process_duration_count',
                'messaging_consumer_group_name, error_type',
                'job=~"$job",error_type!=""',
              ),
              `${consumer} {{error_type}}`,
            ],
          ],
        },
        {
          title: 'Age when handled, p99',
          unit: 's',
          note: 'From the commit to the handler: outbox, broker and queue.',
          queries: [[quantile(0.99, 'messaging_message_age', 'messaging_consumer_group_name'), consumer]],
        },
        {
          title: 'Delivery to acknowledgement, p99',
          unit: 's',
          queries: [[quantile(0.99, 'messaging_process_duration', 'messaging_consumer_group_name'), consumer]],
        },
      ],
    },
    {
      title: 'What went wrong',
      graphs: [
        {
          title: 'Dead letters',
          unit: 'short',
          note: 'Since the process started; runbook DeadLetters.',
          queries: [
            [
              'sum by (messaging_consumer_group_name, error_type) (messaging_dead_letters_total{job=~"$job"})',
              `${consumer} {{error_type}}`,
            ],
          ],
        },
        {
          title: 'Deliveries of messages handled before',
          unit: 'reqps',
          queries: [[rate('messaging_inbox_duplicates_total', 'messaging_consumer_group_name'), consumer]],
        },
        {
          title: 'Published again after the broker lost them',
          unit: 'short',
          queries: [['sum by (job) (messaging_outbox_republished_total{job=~"$job"})', '{{job}}']],
        },
      ],
    },
  ],
};
