import { purgeBatch, type Sql } from '@causeway/persistence';

/**
 * Deletes webhook events after 30 days; the provider stops delivering long before.
 * @returns The number of deleted events.
 */
export async function purgeWebhooks(sql: Sql): Promise<number> {
  const { rowCount } = await sql.query(
    `DELETE FROM psp_webhook_events WHERE id IN (
       SELECT id FROM psp_webhook_events WHERE received_at < now() - interval '30 days' LIMIT ${purgeBatch})`,
  );
  return rowCount;
}
