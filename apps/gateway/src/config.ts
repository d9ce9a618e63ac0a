import { isIP } from 'node:net';
import { durationMs, httpUrl, integer, list, withDefault } from '@causeway/config';
import type { SettingsOf } from '@causeway/service-host';
import { contractFiles } from './recorded-routes.js';
import type { service } from './service.js';

const names = new Set(['loopback', 'linklocal', 'uniquelocal']);
function isRange(text: string): boolean {
  const [address = '', bits, more] = text.split('/');
  if (names.has(text)) return true;
  const version = isIP(address);
  return (
    version !== 0 &&
    more === undefined &&
    (bits === undefined || (/^\d+$/.test(bits) && +bits <= (version === 4 ? 32 : 128)))
  );
}

/** As browsers send it; `*` and `null` are none. */
const isOrigin = (text: string): boolean => /^https?:/.test(text) && URL.parse(text)?.origin === text;

const perMinute = integer(1, 10_000_000);

/**
 * Everything that the gateway reads from its environment, besides what every service reads (service-host, telemetry).
 */
export const settings = {
  /** Where clients reach the gateway: the server address in the OpenAPI document. */
  PUBLIC_URL: httpUrl(),
  /** Requests a minute for one client (the token's subject, else the address), per instance. */
  RATE_LIMIT_PER_MINUTE: withDefault(perMinute, '600'),
  /** The same for what makes us hash a password or hand out tokens, by address: registration and sign-in. */
  RATE_LIMIT_SIGN_IN_PER_MINUTE: withDefault(perMinute, '120'),
  // demo
  /** The same for webhooks of the payment provider, all of which come from few addresses. */
  RATE_LIMIT_WEBHOOK_PER_MINUTE: withDefault(perMinute, '6000'),
  // end demo
  /**
   * Addresses or ranges, separated by commas, of the proxies in front of the gateway, for example `10.0.0.0/8`: what
   * they say in X-Forwarded-* is believed. From anybody else it is not looked at: a client that chose its own address
   * would escape the limits.
   */
  TRUST_PROXY: list()
    .refine((ranges) => ranges.every(isRange), { error: 'expected addresses or ranges such as 10.0.0.0/8' })
    .optional(),
  /**
   * Origins, separated by commas, whose scripts may call the API and the token endpoint: `https://shop.example.org`.
   * Default none.
   */
  CORS_ORIGINS: list()
    .refine((origins) => origins.every(isOrigin), { error: 'expected origins such as https://shop.example.org' })
    .optional(),
  /**
   * Contract records, separated by commas, of services that are not in `libs/contracts`: their routes are forwarded
   * under the same rules. A file that is missing or wrong ends the start.
   */
  CONTRACT_FILES: contractFiles,
  // demo
  /** A stream of order events ends with the access token, and after this time at the latest; the client comes back. */
  ORDER_EVENTS_MAX_MS: withDefault(durationMs(100), '300000'),
  /** A comment line on idle streams, so that nobody in between takes them for dead. */
  ORDER_EVENTS_HEARTBEAT_MS: withDefault(durationMs(50), '15000'),
  /** Streams that one customer may have open, per instance. */
  ORDER_EVENTS_MAX_STREAMS: withDefault(integer(1, 1_000), '10'),
  /** Streams of all customers together, per instance; each holds a socket and some 20 kB. */
  ORDER_EVENTS_MAX_STREAMS_IN_ALL: withDefault(integer(1, 100_000), '2000'),
  // end demo
};
export type GatewaySettings = SettingsOf<typeof service>;
