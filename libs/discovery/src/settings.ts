import { durationMs, httpUrl, list, text, withDefault, type Settings } from '@causeway/config';
import { z } from 'zod';
import { parseAddressTemplate, type AddressTemplate } from './dns/address-template.js';

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

const addressTemplate = z.string().transform((text, context): AddressTemplate => {
  const template = parseAddressTemplate(text);
  if (template) return template;
  const message = 'expected http://<host with {service} in it>:<port>, or the same without a port for SRV records';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const dnsServer = /^([0-9.]+(:\d{1,5})?|[0-9a-f:]+|\[[0-9a-f:]+\](:\d{1,5})?)$/i;
const dnsServers = list().refine((servers) => servers.every((server) => dnsServer.test(server)), {
  error: 'expected addresses with or without a port, such as 10.96.0.10 or [fd00::a]:53',
});

export const discoverySettings = {
  /** Where instances are found. `dns`: by their names; `nats`: they announce themselves; `static`: they are given. */
  DISCOVERY_MODE: withDefault(z.enum(['static', 'dns', 'nats']), 'static'),
  /** For `static`: `order=http://127.0.0.1:3002|http://127.0.0.1:3012,payment=http://127.0.0.1:3003`. */
  DISCOVERY_STATIC: withDefault(serviceMap, ''),
  /** For `dns`: the instances' address, with `{service}` for the name. With a port: A and AAAA records; without: SRV. */
  DISCOVERY_DNS_URL: withDefault(addressTemplate, 'http://{service}:8080'),
  /** For `dns`: added to a host that doesn't end in a dot. Default: the first search domain of /etc/resolv.conf. */
  DISCOVERY_DNS_DOMAIN: text().max(253).optional(),
  /** For `dns`: servers to ask, with commas between them. Default: those of /etc/resolv.conf. */
  DISCOVERY_DNS_SERVERS: dnsServers.optional(),
  /** For `dns`: milliseconds after which is asked again, however long the TTL is. */
  DISCOVERY_DNS_MAX_AGE_MS: withDefault(durationMs(50, 300_000), '5000'),
  /**
   * For `nats`: milliseconds between two rounds of pings; an instance that misses three is dropped. For `dns`: the least
   * time between two questions, however short the TTL is.
   */
  DISCOVERY_POLL_MS: withDefault(durationMs(50, 60_000), '1000'),
  /** The address under which others reach this instance. Default: the address it listens on. Announced through NATS. */
  DISCOVERY_ADVERTISE_URL: httpUrl().optional(),
  /** The zone that this instance runs in: `eu-central-1a`. Announced through NATS, for people. */
  DISCOVERY_ZONE: text().max(64).optional(),
};
export type DiscoverySettings = Settings<typeof discoverySettings>;
