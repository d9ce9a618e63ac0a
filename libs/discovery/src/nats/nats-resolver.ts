import { NoRespondersError, RequestError, type NatsConnection } from '@nats-io/transport-node';
import type { Resolver } from '../resolver.js';
import { Directory } from './directory.js';
import { announcedSubject, leftSubject, pingSubject } from './protocol.js';

export interface NatsResolverOptions {
  /** The services to find. Each has its own subjects, so that none can appear in another's name. */
  readonly services: readonly string[];
  /** Milliseconds between two rounds of pings. Default 1 000. */
  readonly pollMs?: number;
  /** Rounds that an instance may miss before it is dropped. Default 3. */
  readonly missedRounds?: number;
}

/**
 * Resolves the instances that announce themselves ({@link announce}). Arrivals and departures take effect at once; an
 * instance that dies is dropped after three missed pings (the balancer stops using it at the first failures).
 *
 * While the broker is away the last known instances stay: a round without a single reply may be the broker's fault.
 */
export function natsResolver(
  nc: NatsConnection,
  { services, pollMs = 1_000, missedRounds = 3 }: NatsResolverOptions,
): Resolver {
  const directory = new Directory(missedRounds);
  const subscriptions = services.flatMap((service) => [
    nc.subscribe(announcedSubject(service), {
      callback: (error, { data }) => void (error ?? directory.announced(service, data)),
    }),
    nc.subscribe(leftSubject(service), {
      callback: (error, { data }) => void (error ?? directory.left(service, data)),
    }),
  ]);
  const stop = new AbortController();
  void follow(nc, directory, services, pollMs, stop.signal);
  return {
    endpoints: (service) => directory.endpoints(service),
    services: () => directory.services(),
    close: () => {
      stop.abort();
      if (!nc.isClosed()) for (const subscription of subscriptions) subscription.unsubscribe();
      return Promise.resolve();
    },
  };
}

async function follow(
  nc: NatsConnection,
  directory: Directory,
  services: readonly string[],
  pollMs: number,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted && !nc.isClosed()) {
    const pause = new Promise((resolve) => setTimeout(resolve, pollMs).unref());
    directory.begin();
    const absent = await Promise.all(services.map((service) => ping(nc, directory, service, pollMs)));
    directory.end(absent.includes(true));
    await pause;
  }
}

/** Pings all instances of a service. @returns true when the broker reports that there are none. */
async function ping(nc: NatsConnection, directory: Directory, service: string, maxWait: number): Promise<boolean> {
  try {
    const replies = await nc.requestMany(pingSubject(service), '', { strategy: 'timer', maxWait });
    for await (const reply of replies) directory.seen(service, reply.data);
    return false;
  } catch (error) {
    return isNoResponders(error);
  }
}

/** The broker itself reports that the subject has no subscribers: unlike silence, that is a result. */
const isNoResponders = (error: unknown): boolean =>
  error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders());
