import { authSettings } from '@causeway/auth/settings';
import { durationMs, integer, list, secret, withDefault } from '@causeway/config';
import { discoverySettings } from '@causeway/discovery/settings';
import { natsSettings } from '@causeway/messaging/settings';
import { databaseSettings, fieldKeySettings } from '@causeway/persistence/settings';
import type { ServiceSettings } from '@causeway/service-host';
import { z } from 'zod';

/** Everything that the order service reads from its environment, besides what every service reads (service-host, telemetry). */
export const settings = {
  ...databaseSettings,
  ...fieldKeySettings,
  ...natsSettings,
  ...discoverySettings,
  ...authSettings,
  /** Signs page cursors; several while one is being replaced: the first signs, all are accepted. */
  CURSOR_SECRET: list().pipe(z.array(secret()).max(4)),
  /** Limit of asking the user service for an address. What is left of the deadline of the request wins where it is less. */
  ORDER_ADDRESS_TIMEOUT_MS: withDefault(durationMs(10, 60_000), '2500'),
  /** Orders of an instance under way, from which on new ones wait for others to end. Default: twelve for each connection of the pool (`workLimits`). */
  ORDER_PACE_AT: integer(1, 100_000).optional(),
  /** How often an instance looks for steps that have had no answer. */
  ORDER_TIMER_POLL_MS: withDefault(durationMs(10, 60_000), '500'),
  /** A step without an answer is driven again after this, then after twice as long, and so on. */
  ORDER_REDRIVE_MS: withDefault(durationMs(100), '30000'),
  /** Longest wait between two repetitions. */
  ORDER_REDRIVE_MAX_MS: withDefault(durationMs(100), '300000'),
  /** An order whose payment is not settled by then, counted from placing it, is given up and its payment voided. */
  ORDER_PAYMENT_LIMIT_MS: withDefault(durationMs(1_000), '900000'),
};
export type OrderSettings = ServiceSettings<typeof settings>;
