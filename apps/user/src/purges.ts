import { purgeBatch, purgeIdempotency, type Purge } from '@causeway/persistence';

/** Rows that another transaction holds are left to the next round. */
const take = `LIMIT ${purgeBatch} FOR UPDATE SKIP LOCKED`;

/** Deletes expired sessions, codes and tokens, counters of past windows, and responses to idempotency keys older than 24 h. */
export const purgesOf = (settings: { readonly LOGIN_WINDOW_MS: number }): readonly Purge[] => [
  async (sql) => {
    const { rowCount } = await sql.query(
      `DELETE FROM oidc_artifacts WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM oidc_artifacts WHERE expires_at < now() - interval '1 minute' ${take}))`,
    );
    return rowCount;
  },
  async (sql) => {
    const { rowCount } = await sql.query(
      `DELETE FROM login_failures WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM login_failures WHERE window_started_at < now() - $1::bigint * interval '1 ms' ${take}))`,
      [settings.LOGIN_WINDOW_MS],
    );
    return rowCount;
  },
  purgeIdempotency,
];
