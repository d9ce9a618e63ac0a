import { purgeBatch, purgeIdempotency, type Purge } from '@causeway/persistence';
import type { UserSettings } from './config.js';
import { knownBrowserDays } from './oidc/known-browsers.js';
import { strangersForgottenMs } from './oidc/pg-login-throttle.js';
import { purgeSigningKeys } from './oidc/pg-signing-keys.js';

/** Rows that another transaction holds are left to the next round. */
const take = `LIMIT ${purgeBatch} FOR UPDATE SKIP LOCKED`;

/** Longer than the longest refresh token, which is 30 days from the sign-in on. */
const sessionDays = 31;

/**
 * Deletes expired sessions, codes and tokens, counters of past windows, retired signing keys, and responses to
 * idempotency keys older than 24 h.
 */
export const purgesOf = (
  settings: Pick<UserSettings, 'LOGIN_WINDOW_MS' | 'SIGNING_KEY_RETIRE_MS'>,
): readonly Purge[] => [
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
      [Math.max(settings.LOGIN_WINDOW_MS, strangersForgottenMs)],
    );
    return rowCount;
  },
  async (sql) => {
    const { rowCount } = await sql.query(
      `DELETE FROM known_browsers WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM known_browsers WHERE last_used_at < now() - make_interval(days => ${knownBrowserDays}) ${take}))`,
    );
    return rowCount;
  },
  async (sql) => {
    const { rowCount } = await sql.query(
      `DELETE FROM sessions WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM sessions WHERE last_used_at < now() - make_interval(days => ${sessionDays}) ${take}))`,
    );
    return rowCount;
  },
  purgeSigningKeys(settings.SIGNING_KEY_RETIRE_MS),
  async (sql) => {
    const { rowCount } = await sql.query(
      `DELETE FROM account_links WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM account_links WHERE expires_at < now() ${take}))`,
    );
    return rowCount;
  },
  async (sql) => {
    const { rowCount } = await sql.query(
      `DELETE FROM passkey_challenges WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM passkey_challenges WHERE expires_at < now() ${take}))`,
    );
    return rowCount;
  },
  purgeIdempotency,
];
