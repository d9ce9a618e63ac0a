import type { SettingsOf } from '@causeway/service-host';
import { durationMs, httpUrl, integer, ratio, secret, withDefault } from '@causeway/config';
import type { service } from './service.js';

/** Everything that the sandbox reads from its environment, besides what every service reads (service-host, telemetry). */
export const settings = {
  /** What merchants authenticate with. */
  PSP_API_KEY: secret(),
  /** Where webhooks go. Without it none are sent. */
  PSP_WEBHOOK_URL: httpUrl().optional(),
  PSP_WEBHOOK_SECRET: secret(),
  /** Start of the random generator: the same seed gives the n-th ledger entry the same fate. */
  PSP_SEED: withDefault(integer(0, 4_294_967_295), '1'),
  /** Share of webhooks that come twice, and of those that come late and thereby out of order. */
  PSP_WEBHOOK_CHAOS: withDefault(ratio(), '0.1'),
  /** How long `tok_slow` takes. */
  PSP_SLOW_MS: withDefault(durationMs(0, 600_000), '30000'),
};
export type SandboxSettings = SettingsOf<typeof service>;
