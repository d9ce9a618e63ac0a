import type { Sql } from './sql.js';

/** Rows that one purge deletes at the most: few enough to finish within the statement timeout and to hold no locks for long. */
export const purgeBatch = 5_000;

/**
 * Forgets answers to Idempotency-Keys.
 * @param olderThanHours Default 24, which is what clients are promised.
 * @returns How many were deleted; call it again while that is 5 000.
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
 * Forgets handled messages. A message that is delivered again after that is handled again, so keep them longer than any stream, dead
 * letter or operator does.
 * @param olderThanDays Default 30; streams keep messages for 7 days.
 * @returns How many were deleted; call it again while that is 5 000.
 */
export async function purgeInbox(sql: Sql, olderThanDays = 30): Promise<number> {
  const { rowCount } = await sql.query(
    `DELETE FROM causeway.inbox WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM causeway.inbox WHERE handled_at < now() - make_interval(secs => $1 * 86400.0) LIMIT ${purgeBatch}))`,
    [olderThanDays],
  );
  return rowCount;
}
