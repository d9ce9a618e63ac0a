import { certificates, durationMs, integer, secret, withDefault, type SettingsShape } from '@causeway/config';
import { z } from 'zod';
import { parseFieldKeys } from './field-keys.js';

const databaseUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\/[^/]+\/[^/?]+/, { error: 'expected postgres://user:password@host:port/database' });

/**
 * Settings of a service that has a database.
 *
 * - `DATABASE_URL`: `postgres://user:password@host:port/database`, with a host and a database. Of the role that the
 *   service runs with: it reads and writes rows, and owns nothing. A secret.
 * - `MIGRATION_DATABASE_URL`: the same database, for the role that owns it. Only the command `migrate` uses it, so only
 *   its process should have it. Default `DATABASE_URL`, for a database whose one role does both. A secret.
 * - `DATABASE_CA`: certificates of those who vouch for the server, in PEM; usually as `DATABASE_CA_FILE`. With it every
 *   connection is encrypted, and the server must show a certificate for the host of the URL. Default: no TLS.
 * - `DATABASE_POOL_MAX`: connections of one process, 1 to 500. Default 10. Instances × this must stay below the
 *   server's `max_connections`.
 * - `DATABASE_CONNECT_TIMEOUT_MS`: longest time to open a connection to the server. Default 2 000.
 * - `DATABASE_STATEMENT_TIMEOUT_MS`: after this time the server cancels a statement; an earlier deadline of the request
 *   applies first. Default 5 000.
 * - `DATABASE_IDLE_TIMEOUT_MS`: an unused connection is closed after this time. Default 30 000.
 * - `DATABASE_IDLE_TRANSACTION_TIMEOUT_MS`: after this time the server ends a session whose transaction is idle.
 *   Default 10 000.
 */
export const databaseSettings = {
  DATABASE_URL: databaseUrl,
  MIGRATION_DATABASE_URL: databaseUrl.optional(),
  DATABASE_CA: certificates().optional(),
  DATABASE_POOL_MAX: withDefault(integer(1, 500), '10'),
  DATABASE_CONNECT_TIMEOUT_MS: withDefault(durationMs(10, 60_000), '2000'),
  DATABASE_STATEMENT_TIMEOUT_MS: withDefault(durationMs(10, 600_000), '5000'),
  DATABASE_IDLE_TIMEOUT_MS: withDefault(durationMs(1_000), '30000'),
  DATABASE_IDLE_TRANSACTION_TIMEOUT_MS: withDefault(durationMs(100), '10000'),
} as const satisfies SettingsShape;

/** The parsed values of `databaseSettings`. */
export interface DatabaseSettings {
  readonly DATABASE_URL: string;
  readonly MIGRATION_DATABASE_URL?: string | undefined;
  readonly DATABASE_CA?: string | undefined;
  readonly DATABASE_POOL_MAX: number;
  readonly DATABASE_CONNECT_TIMEOUT_MS: number;
  readonly DATABASE_STATEMENT_TIMEOUT_MS: number;
  readonly DATABASE_IDLE_TIMEOUT_MS: number;
  readonly DATABASE_IDLE_TRANSACTION_TIMEOUT_MS: number;
}

/**
 * Settings of a service that encrypts personal data.
 *
 * - `FIELD_KEYS`: `v1:<32 bytes in base64>,v2:…`; the last one encrypts, all of them decrypt. A secret.
 * - `BLIND_INDEX_KEY`: at least 32 characters; after a change every blind index must be computed again. A secret.
 */
export const fieldKeySettings = {
  FIELD_KEYS: z.string().transform((value, context) => {
    const keys = parseFieldKeys(value);
    if (typeof keys !== 'string') return keys;
    context.addIssue({ code: 'custom', message: keys });
    return z.NEVER;
  }),
  BLIND_INDEX_KEY: secret(32),
} as const satisfies SettingsShape;
