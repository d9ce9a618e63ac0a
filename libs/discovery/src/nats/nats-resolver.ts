import { NoRespondersError, RequestError, type NatsConnection } from '@nats-io/transport-node';
import type { Resolver } from '../resolver.js';
import { Directory } from './directory.js';
import { announcedSubject, leftSubject } from './protocol.js';

export interface NatsResolverOptions {
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
  { pollMs = 1_000, missedRounds = 3 }: NatsResolverOptions = {},
): Resolver {
  const directory = new Directory(missedRounds);
  const subscriptions = [
    nc.subscribe(announcedSubject, { callback: (error, { data }) => void (error ?? directory.announced(data)) }),
    nc.subscribe(leftSubject, { callback: (error, { data }) => void (error ?? directory.left(data)) }),
  ];
  const stop = new AbortController();
  void follow(nc, directory, pollMs, stop.signal);
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

async function follow(nc: NatsConnection, directory: Directory, pollMs: number, stop: AbortSignal): Promise<void> {
  while (!stop.aborted && !nc.isClosed()) {
    const pause = new Promise((resolve) => setTimeout(resolve, pollMs).unref());
    directory.begin();
    try {
      const answers = await nc.requestMany('$SRV.PING', '', { strategy: 'timer', maxWait: pollMs });
      for await (const answer of answers) directory.seen(answer.data);
      directory.end(false);
    } catch (error) {
      directory.end(isNoResponders(error));
    }
    await pause;
  }
}

/** The broker's own word that nobody listens on `$SRV.PING`: unlike silence, that is an answer. */
const isNoResponders = (error: unknown): boolean =>
  error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders());
