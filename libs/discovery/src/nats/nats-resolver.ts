import { NoRespondersError, RequestError, type NatsConnection } from '@nats-io/transport-node';
import type { Resolver } from '../resolver.js';
import { Directory } from './directory.js';
import { announcedSubject, leftSubject, pingSubject } from './protocol.js';

export interface NatsResolverOptions {
  /** The services to find. Each is asked and heard on subjects of its own, so that none can appear in another's name. */
  readonly services: readonly string[];
  /** Milliseconds between two rounds of pings. Default 1 000. */
  readonly pollMs?: number;
  /** Rounds that an instance may miss before it is dropped. Default 3. */
  readonly missedRounds?: number;
}

/**
 * Follows who announces itself ({@link announce}). Hellos and goodbyes take effect at once; who dies without a goodbye is dropped after
 * three rounds without an answer (the balancer stops using it at the first failures).
 *
 * While the broker is away the last known instances stay: a round that nobody at all answers says something about the broker only.
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
    const absent = await Promise.all(services.map((service) => nobodyAnswers(nc, directory, service, pollMs)));
    directory.end(absent.includes(true));
    await pause;
  }
}

/** Asks all instances of a service for a sign of life. @returns true when the broker says that there are none. */
async function nobodyAnswers(
  nc: NatsConnection,
  directory: Directory,
  service: string,
  maxWait: number,
): Promise<boolean> {
  try {
    const answers = await nc.requestMany(pingSubject(service), '', { strategy: 'timer', maxWait });
    for await (const answer of answers) directory.seen(service, answer.data);
    return false;
  } catch (error) {
    return isNoResponders(error);
  }
}

/** The broker's own word that nobody listens on the subject: unlike silence, that is an answer. */
const isNoResponders = (error: unknown): boolean =>
  error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders());
