import { durationMs, integer, list, secret, withDefault } from '@causeway/config';
import { sealingKeys } from '@causeway/messaging/settings';
import { fieldKeySettings } from '@causeway/persistence/settings';
import type { SettingsOf } from '@causeway/service-host';
import { z } from 'zod';
import type { service } from './service.js';

/** The settings of the order service, besides those that every service has (service-host, telemetry). */
export const settings = {
  ...fieldKeySettings,
  /** Public key of payment, which card tokens are sealed for: `v1:<SPKI in base64>`. No secret. */
  CARD_SEALING_KEY: sealingKeys(),
  /** Signs page cursors; several while one is being replaced: the first signs, all are accepted. */
  CURSOR_SECRET: list().pipe(z.array(secret()).max(4)),
  /**
   * Limit of a call to the user service for an address. The rest of the request's deadline applies where it is shorter.
   */
  ORDER_ADDRESS_TIMEOUT_MS: withDefault(durationMs(10, 60_000), '2500'),
  /**
   * Unfinished orders of an instance from which on new ones are delayed. Default: twelve for each pool connection
   * (`workLimits`).
   */
  ORDER_PACE_AT: integer(1, 100_000).optional(),
  /** How often an instance polls for steps that have had no outcome; those are repeated after 30 s at the earliest. */
  ORDER_TIMER_POLL_MS: withDefault(durationMs(10, 60_000), '5000'),
  /** A step without an outcome is repeated after this time, then after twice as long, and so on. */
  ORDER_REDRIVE_MS: withDefault(durationMs(100), '30000'),
  /** Longest wait between two repetitions. */
  ORDER_REDRIVE_MAX_MS: withDefault(durationMs(100), '300000'),
  /** An order whose payment is not complete this long after it was placed is given up, and its payment voided. */
  ORDER_PAYMENT_LIMIT_MS: withDefault(durationMs(1_000), '900000'),
};
export type OrderSettings = SettingsOf<typeof service>;
