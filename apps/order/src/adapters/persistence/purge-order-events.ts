import { purgeBatch, type Sql } from '@causeway/persistence';

/**
 * Deletes what happened to orders long ago; the orders stay.
 * @param olderThanDays Default 365, which the API document promises.
 * @returns How many rows were deleted; call again while that is 5 000.
 */
export async function purgeOrderEvents(sql: Sql, olderThanDays = 365): Promise<number> {
  const { rowCount } = await sql.query(
    `DELETE FROM order_events WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM order_events WHERE occurred_at < now() - make_interval(secs => $1 * 86400.0) LIMIT ${purgeBatch}))`,
    [olderThanDays],
  );
  return rowCount;
}
