import { durationMs, httpUrl, integer, list, secret, withDefault } from '@causeway/config';
import { openingKeys } from '@causeway/messaging/settings';
import type { SettingsOf } from '@causeway/service-host';
import { z } from 'zod';
import type { service } from './service.js';

/** `5000,30000`: milliseconds. */
const schedule = z
  .string()
  .regex(/^\d{1,9}(,\d{1,9})*$/, { error: 'expected milliseconds, separated by commas' })
  .transform((value) => value.split(',').map(Number));

/** Everything that the payment service reads from its environment, besides what every service reads (service-host, telemetry). */
export const settings = {
  /** Private keys that open card tokens, `v1:<PKCS #8 in base64>`; several while one is being replaced. A secret. */
  CARD_OPENING_KEYS: openingKeys(),
  /** Base URL of the payment provider. */
  PSP_URL: httpUrl(),
  PSP_API_KEY: secret(),
  /** Secrets of the provider's webhooks; two while one is being replaced. */
  PSP_WEBHOOK_SECRETS: list().pipe(z.array(secret()).max(4)),
  /** Limit of one request to the provider. */
  PSP_TIMEOUT_MS: withDefault(durationMs(10, 120_000), '10000'),
  /** Operations at the provider at the same time, per instance. Default: four for each connection of the pool (`workLimits`). */
  PSP_CONCURRENCY: integer(1, 1_000).optional(),
  /** The longest pause between two searches for due operations. An instance knows when its own are due; this finds those that a dead one has left. */
  PAYMENT_POLL_MS: withDefault(durationMs(10, 60_000), '5000'),
  /** Waits before each reading of an operation whose outcome is unknown; the last one repeats. */
  PAYMENT_RESOLVE_SCHEDULE_MS: withDefault(schedule, '5000,30000,120000,600000,3600000'),
};
export type PaymentSettings = SettingsOf<typeof service>;
