import { Resolver as NodeResolver } from 'node:dns/promises';
import { instruments, meter } from '@causeway/telemetry';
import type { Endpoint, Resolver } from '../resolver.js';
import { nameOf, type AddressTemplate } from './address-template.js';
import { KnownAddresses } from './known-addresses.js';
import { lookUp, type DnsClient } from './lookup.js';
import { firstSearchDomain } from './search-domain.js';

const metrics = meter('causeway.discovery');
const lookups = metrics.counter(instruments.discoveryLookups, {
  description: 'Questions to the DNS for the instances of a service',
  unit: '{lookup}',
});

export interface DnsResolverOptions {
  /** The services to find. */
  readonly services: readonly string[];
  readonly template: AddressTemplate;
  /** Added to names that don't end in a dot. Default: the first search domain of /etc/resolv.conf. */
  readonly domain?: string | undefined;
  /** `10.96.0.10`, `127.0.0.1:8600`. Default: those of /etc/resolv.conf. */
  readonly servers?: readonly string[] | undefined;
  /** The least time between two questions, milliseconds, whatever the TTL. Default 1 000. */
  readonly pollMs?: number;
  /** The longest time that an answer is used without asking again, milliseconds, whatever the TTL. Default 5 000. */
  readonly maxAgeMs?: number;
  /** Empty answers in a row after which a service has no instances. Default 3. */
  readonly emptyAnswers?: number;
  /** In place of node:dns; `servers` is then without effect. */
  readonly client?: DnsClient & { cancel(): void };
  /** 0 to 1. Default Math.random. */
  readonly random?: () => number;
}

const none: readonly Endpoint[] = [];
/** Of its wait, that each process adds at random: else all of them would ask at the same moment after an outage. */
const jitter = 0.1;

/**
 * Resolves the addresses behind names of the DNS, such as headless Services of Kubernetes. Each service is asked for
 * again when the TTL of its answer is over; not sooner than `pollMs`, and, since a TTL may be a day, not later than
 * `maxAgeMs` and a tenth.
 *
 * While the DNS does not answer, the last known instances stay, and it is asked every `pollMs`.
 * @returns once every service was asked for, with or without success (2 s at most for each DNS server and record)
 */
export async function dnsResolver(options: DnsResolverOptions): Promise<Resolver> {
  const { services, template, emptyAnswers = 3 } = options;
  const domain = options.domain ?? firstSearchDomain();
  const client = options.client ?? systemClient(options.servers);
  const followed = services.map((service) => {
    const known = new KnownAddresses(service, emptyAnswers);
    const ask = askedBy(client, template, nameOf(template, service, domain), service, known);
    return { service, known, ask };
  });
  const stops = await Promise.all(followed.map(async ({ ask }) => follow(ask, await ask(), options)));
  const byName = new Map(followed.map(({ service, known }) => [service, known]));
  return {
    endpoints: (service) => byName.get(service)?.list ?? none,
    services: () => followed.filter(({ known }) => known.list.length > 0).map(({ service }) => service),
    close: () => {
      for (const stop of stops) stop();
      client.cancel();
      return Promise.resolve();
    },
  };
}

function systemClient(servers: readonly string[] | undefined): NodeResolver {
  // Two tries of 500 ms and 1 s. The first answer is awaited at the start, and all later ones in the background.
  const client = new NodeResolver({ timeout: 500, tries: 2 });
  if (servers) client.setServers([...servers]);
  return client;
}

/** @returns the TTL of the answer, seconds; undefined without one */
type Ask = () => Promise<number | undefined>;

const askedBy =
  (client: DnsClient, template: AddressTemplate, name: string, service: string, known: KnownAddresses): Ask =>
  async () => {
    try {
      const { urls, ttl } = await lookUp(client, template, name);
      known.answered(urls);
      lookups.add(1, { service, outcome: urls.length === 0 ? 'empty' : 'answered' });
      return ttl;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ECANCELLED') return undefined;
      known.failed(error);
      lookups.add(1, { service, outcome: 'failed' });
      return undefined;
    }
  };

/** @returns what ends it */
function follow(
  ask: Ask,
  firstTtl: number | undefined,
  { pollMs = 1_000, maxAgeMs = 5_000, random = Math.random }: DnsResolverOptions,
): () => void {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const askLater = (ttl: number | undefined): void => {
    if (stopped) return;
    const waitMs = Math.max(pollMs, Math.min(maxAgeMs, (ttl ?? 0) * 1_000));
    timer = setTimeout(() => void ask().then(askLater), waitMs * (1 + jitter * random())).unref();
  };
  askLater(firstTtl);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
