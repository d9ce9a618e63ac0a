import { durationMs, httpUrl, withDefault, type Settings } from '@causeway/config';
import { z } from 'zod';

const expected = {
  error: 'expected service=http://host:port, several addresses separated by |, several services by commas',
};
const entry = /^([a-z][a-z0-9-]*)=([^|]+(?:\|[^|]+)*)$/;

/** `order=http://127.0.0.1:3002|http://127.0.0.1:3012,payment=http://127.0.0.1:3003` */
const serviceMap = z.string().transform((text, context): Readonly<Record<string, readonly string[]>> => {
  const services: Record<string, string[]> = {};
  for (const part of text.split(',').map((item) => item.trim())) {
    if (part === '') continue;
    const [, name, addresses] = entry.exec(part) ?? [];
    const urls = addresses?.split('|').map((url) => httpUrl().safeParse(url.trim()));
    if (name === undefined || !urls?.every(({ success }) => success)) {
      context.addIssue({ code: 'custom', message: expected.error });
      return z.NEVER;
    }
    services[name] = urls.map(({ data }) => data!);
  }
  return services;
});

export const discoverySettings = {
  /** `nats`: instances announce themselves; `static`: the addresses are given. */
  DISCOVERY_MODE: withDefault(z.enum(['static', 'nats']), 'static'),
  /** For `static`: `order=http://127.0.0.1:3002|http://127.0.0.1:3012,payment=http://127.0.0.1:3003`. */
  DISCOVERY_STATIC: withDefault(serviceMap, ''),
  /** For `nats`: milliseconds between two rounds of pings. An instance that misses three is dropped. */
  DISCOVERY_POLL_MS: withDefault(durationMs(50, 60_000), '1000'),
  /** For `nats`: the address under which others reach this instance. Default: the address it listens on. */
  DISCOVERY_ADVERTISE_URL: httpUrl().optional(),
};
export type DiscoverySettings = Settings<typeof discoverySettings>;
