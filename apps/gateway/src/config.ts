import { authSettings } from '@causeway/auth';
import { durationMs, flag, httpUrl, integer, withDefault } from '@causeway/config';
import { discoverySettings } from '@causeway/discovery';
import { natsSettings } from '@causeway/messaging';
import type { ServiceSettings } from '@causeway/service-host';

/** Everything that the gateway reads from its environment, besides what every service reads (service-host, telemetry). */
export const settings = {
  ...natsSettings,
  ...discoverySettings,
  ...authSettings,
  /** Where clients reach the gateway: the server address in the OpenAPI document. */
  PUBLIC_URL: httpUrl(),
  /** Requests a minute for one client (the token's subject, else the address), per instance. */
  RATE_LIMIT_PER_MINUTE: withDefault(integer(1, 1_000_000), '600'),
  /** The same for what makes us hash a password or hand out tokens: registration and sign-in. */
  RATE_LIMIT_SIGN_IN_PER_MINUTE: withDefault(integer(1, 1_000_000), '120'),
  /** Take the client's address from X-Forwarded-For: only where a trusted proxy stands in front. */
  TRUST_PROXY: withDefault(flag(), 'false'),
  /** A stream of order events ends after this time, the life of an access token, and the client comes back. */
  ORDER_EVENTS_MAX_MS: withDefault(durationMs(100), '300000'),
  /** A comment line on idle streams, so that nobody in between takes them for dead. */
  ORDER_EVENTS_HEARTBEAT_MS: withDefault(durationMs(50), '15000'),
};
export type GatewaySettings = ServiceSettings<typeof settings>;

/** Injects {@link GatewaySettings}. */
export const SETTINGS = Symbol('SETTINGS');
