import type { Sql } from './sql.js';

/**
 * Most rows that one purge deletes: few enough to finish within the statement timeout and to hold locks only briefly.
 */
export const purgeBatch = 5_000;

/**
 * Deletes stored responses of Idempotency-Keys.
 * @param olderThanHours Default 24, which the API promises.
 * @returns How many rows were deleted; call again while that is 5 000.
 */
export async function purgeIdempotency(sql: Sql, olderThanHours = 24): Promise<number> {
  const { rowCount } = await sql.query(
    `DELETE FROM causeway.idempotency WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM causeway.idempotency WHERE created_at < now() - make_interval(secs => $1 * 3600.0) LIMIT ${purgeBatch}))`,
    [olderThanHours],
  );
  return rowCount;
}

/**
 * Deletes records of handled messages. A message that is delivered after that is handled again, so keep records longer
 * than any stream or dead letter, and longer than operators take to replay one.
 * @param olderThanDays Default 30; streams keep messages for 7 days.
 * @returns How many rows were deleted; call again while that is 5 000.
 */
export async function purgeInbox(sql: Sql, olderThanDays = 30): Promise<number> {
  const { rowCount } = await sql.query(
    `DELETE FROM causeway.inbox WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM causeway.inbox WHERE handled_at < now() - make_interval(secs => $1 * 86400.0) LIMIT ${purgeBatch}))`,
    [olderThanDays],
  );
  return rowCount;
}
