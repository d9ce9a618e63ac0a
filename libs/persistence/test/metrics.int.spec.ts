import { exportMetrics, type ExportedMetrics } from '@causeway/telemetry/testing';
import { alreadyHandled, PgUnitOfWork } from '../src/index.js';
import { counters, prepare, type Prepared } from './helpers.js';

let metrics: ExportedMetrics;
let prepared: Prepared;
beforeAll(async () => {
  metrics = await exportMetrics();
  prepared = await prepare({ DATABASE_POOL_MAX: '1' });
});
afterAll(async () => {
  await prepared.close();
  await metrics.stop();
});

test('what the database is asked is exported: waits for a connection, units in a transaction, deliveries seen before', async () => {
  const { pool } = prepared;
  const uow = new PgUnitOfWork(pool, counters);
  const held = await pool.connect();
  const units = ['a', 'b', 'c'].map((aggregate) => uow.run((tx) => tx.add(aggregate, 1), { aggregate }));
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(await metrics.value('db_client_connection_count', { db_client_connection_state: 'pending' })).toBe(1);
  held.release();
  await Promise.all(units);
  expect(await metrics.value('persistence_group_size_count')).toBe(1);
  expect(await metrics.value('persistence_group_size_sum')).toBe(3);
  expect(await metrics.value('db_client_connection_wait_time_count')).toBe(2);
  expect(await metrics.value('db_client_connection_wait_time_sum')).toBeGreaterThan(0.1);
  const transactions = { db_operation_name: 'transaction', db_system_name: 'postgresql' };
  expect(await metrics.value('db_client_operation_duration_count', transactions)).toBe(3);

  const delivery = { consumer: 'order__payment-evt-authorized-v1', messageId: crypto.randomUUID(), aggregate: 'a' };
  await uow.runOnce(delivery, (tx) => tx.add('a', 1));
  const duplicates = () =>
    metrics.value('messaging_inbox_duplicates_total', { messaging_consumer_group_name: delivery.consumer });
  expect(await duplicates()).toBeUndefined();
  expect(await uow.runOnce(delivery, (tx) => tx.add('a', 1))).toBe(alreadyHandled);
  expect(await duplicates()).toBe(1);
});
