import { quantile, rate, type Board } from './board.js';

const database = 'db_namespace, db_operation_name';

/** As the services see it. What the server itself knows (locks, vacuum, disk) is postgres_exporter's. */
export const postgres: Board = {
  uid: 'causeway-postgres',
  title: 'Causeway: PostgreSQL',
  about: 'Units of work and connections, as the services see them.',
  rows: [
    {
      title: 'Units of work',
      graphs: [
        {
          title: 'Units of work',
          unit: 'ops',
          queries: [[rate('db_client_operation_duration_count', database), '{{db_namespace}} {{db_operation_name}}']],
        },
        {
          title: 'Duration, p99',
          unit: 's',
          queries: [
            [quantile(0.99, 'db_client_operation_duration', database), '{{db_namespace}} {{db_operation_name}}'],
          ],
        },
        {
          title: 'Failures',
          unit: 'ops',
          queries: [
            [
              rate('db_client_operation_duration_count', 'db_namespace, error_type', 'job=~"$job",error_type!=""'),
              '{{db_namespace}} {{error_type}}',
            ],
          ],
        },
      ],
    },
    {
      title: 'Connections',
      graphs: [
        {
          title: 'Connections by state',
          unit: 'short',
          note: '`pending` counts those who wait for one.',
          queries: [
            [
              'sum by (job, db_client_connection_state) (db_client_connection_count{job=~"$job"})',
              '{{job}} {{db_client_connection_state}}',
            ],
          ],
        },
        {
          title: 'Wait for a connection, p99',
          unit: 's',
          queries: [[quantile(0.99, 'db_client_connection_wait_time', 'job'), '{{job}}']],
        },
        {
          title: 'Units of work in a transaction, mean',
          unit: 'short',
          note: 'Under load several units share a transaction: docs/decisions/0027-group-commit.md.',
          queries: [
            [
              `${rate('persistence_group_size_sum', 'job')} / ${rate('persistence_group_size_count', 'job')}`,
              '{{job}}',
            ],
          ],
        },
      ],
    },
  ],
};
