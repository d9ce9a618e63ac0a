import { purgeBatch, purgeIdempotency, type Purge } from '@causeway/persistence';

/** Of rows that somebody else holds, another instance for example, the next round takes care. */
const take = `limit ${purgeBatch} for update skip locked`;

/** What has expired: sessions, codes and tokens, old counts of failed sign-ins, answers to Idempotency-Keys older than 24 h. */
export const purgesOf = (settings: { readonly LOGIN_WINDOW_MS: number }): readonly Purge[] => [
  async (sql) => {
    const { rowCount } = await sql.query(
      `delete from oidc_artifacts where ctid = any (array(
         select ctid from oidc_artifacts where expires_at < now() - interval '1 minute' ${take}))`,
    );
    return rowCount;
  },
  async (sql) => {
    const { rowCount } = await sql.query(
      `delete from login_failures where ctid = any (array(
         select ctid from login_failures where window_started_at < now() - $1::bigint * interval '1 ms' ${take}))`,
      [settings.LOGIN_WINDOW_MS],
    );
    return rowCount;
  },
  purgeIdempotency,
];
