import { certificates, durationMs, flag, integer, list, text, withDefault, type SettingsShape } from '@causeway/config';

export { openingKeys, sealingKeys } from './sealed/sealed-settings.js';

/**
 * Settings of a service that uses NATS.
 *
 * - `NATS_URL`: one or more servers, comma separated: `nats://127.0.0.1:4222`. Required.
 * - `NATS_USER`, `NATS_PASSWORD`: credentials. Optional, both or none. A secret.
 * - `NATS_CA`: certificates of those who vouch for the servers, in PEM; usually as `NATS_CA_FILE`. With it the connection
 *   is encrypted, and a server must show a certificate for its host in `NATS_URL`. Default: no TLS, unless the server
 *   insists on it and its certificate is signed by a public authority.
 * - `NATS_REPLICAS`: replicas of every stream, 1 to 5. Default 1; 3 in production.
 * - `NATS_CREATE_MISSING`: create missing streams and consumers, at start and after every reconnect. Default true. Set
 *   it to false where services may not manage streams: they then wait until the provisioning step has run.
 * - `MESSAGES_MAX_CONCURRENT`: messages that an instance handles at a time, 1 to 1 000. Default: four for each
 *   connection of its pool (`DATABASE_POOL_MAX`); 32 without a database.
 * - `OUTBOX_POLL_MS`: how often the relay looks for rows without being woken. Default 5 000.
 * - `OUTBOX_SWEEP_MS`: how often the relay checks that published messages are still in their stream. Default 30 000.
 * - `OUTBOX_RETENTION_HOURS`: how long published rows are kept. Default 168 (7 days, as long as the streams).
 */
export const natsSettings = {
  NATS_URL: list(),
  NATS_USER: text().optional(),
  NATS_PASSWORD: text().optional(),
  NATS_CA: certificates().optional(),
  NATS_REPLICAS: withDefault(integer(1, 5), '1'),
  NATS_CREATE_MISSING: withDefault(flag(), 'true'),
  MESSAGES_MAX_CONCURRENT: integer(1, 1_000).optional(),
  OUTBOX_POLL_MS: withDefault(durationMs(10, 60_000), '5000'),
  OUTBOX_SWEEP_MS: withDefault(durationMs(100, 3_600_000), '30000'),
  OUTBOX_RETENTION_HOURS: withDefault(integer(1, 8_760), '168'),
} as const satisfies SettingsShape;

/** The parsed values of `natsSettings`. */
export interface NatsSettings {
  readonly NATS_URL: readonly string[];
  readonly NATS_USER?: string | undefined;
  readonly NATS_PASSWORD?: string | undefined;
  readonly NATS_CA?: string | undefined;
  readonly NATS_REPLICAS: number;
  readonly NATS_CREATE_MISSING: boolean;
  readonly MESSAGES_MAX_CONCURRENT?: number | undefined;
  readonly OUTBOX_POLL_MS: number;
  readonly OUTBOX_SWEEP_MS: number;
  readonly OUTBOX_RETENTION_HOURS: number;
}
