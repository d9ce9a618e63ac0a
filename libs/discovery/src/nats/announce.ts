import { finishesWithin } from '@causeway/resilience';
import type { CallStatistics } from '@causeway/telemetry';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import {
  announcedSubject,
  isToken,
  leftSubject,
  responseType,
  semanticVersion,
  subjectsOf,
  verbs,
  type Verb,
} from './protocol.js';

/** Something that the instance serves, for `nats micro info` and `stats`. */
export interface AnnouncedEndpoint {
  readonly name: string;
  readonly subject: string;
  readonly queueGroup: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** What it has served so far. Default: nothing. */
  readonly statistics?: Pick<CallStatistics, 'calls' | 'errors' | 'lastError' | 'totalMs'>;
}

export interface AnnounceOptions {
  /** The service: letters, digits, `-`, `_`. */
  readonly name: string;
  /** The instance: letters, digits, `-`, `_`. Unique among the instances of the service. */
  readonly id: string;
  /** Semantic version. */
  readonly version: string;
  readonly description?: string;
  /** `url` is the address under which others reach the instance. */
  readonly metadata: { readonly url: string; readonly [key: string]: string };
  /** Asked at each INFO and STATS. Default: none. */
  readonly endpoints?: () => readonly AnnouncedEndpoint[];
}

export interface Announcement {
  /**
   * Announces the departure: every resolver drops the instance at once. It must still serve requests on their way. May
   * be repeated.
   */
  stop(): Promise<void>;
}

/** How long the departure waits for the broker, milliseconds. Without it, resolvers notice missed pings. */
const flushTimeoutMs = 500;

/**
 * Announces an instance through the NATS Services protocol, until it is stopped.
 * @throws Error when name, id or version are not what the protocol allows.
 */
export async function announce(nc: NatsConnection, options: AnnounceOptions): Promise<Announcement> {
  check(options);
  const started = new Date().toISOString();
  const { name, id } = options;
  const subscriptions: Subscription[] = verbs.flatMap((verb) => {
    const callback = (error: Error | null, message: Msg) =>
      void (error ?? message.respond(JSON.stringify(responseTo(verb, options, started))));
    return subjectsOf(verb, name, id).map((subject) => nc.subscribe(subject, { callback }));
  });
  nc.publish(announcedSubject(name), JSON.stringify(responseTo('PING', options, started)));
  await nc.flush();

  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    if (nc.isClosed()) return;
    // In this order, and on one connection: no reply to a ping can arrive after the departure.
    for (const subscription of subscriptions) subscription.unsubscribe();
    nc.publish(leftSubject(name), JSON.stringify({ name, id }));
    await finishesWithin(flushTimeoutMs, nc.flush());
  };
  return { stop: () => (stopped ??= stop()) };
}

function check({ name, id, version }: AnnounceOptions): void {
  if (!isToken(name)) throw new Error(`the service name "${name}" may hold letters, digits, - and _ only`);
  if (!isToken(id)) throw new Error(`the instance id "${id}" may hold letters, digits, - and _ only`);
  if (!semanticVersion.test(version)) throw new Error(`the version "${version}" is not a semantic version`);
}

function responseTo(verb: Verb, options: AnnounceOptions, started: string): object {
  const { name, id, version, metadata, description = '', endpoints = () => [] } = options;
  const common = { type: responseType(verb), name, id, version, metadata };
  if (verb === 'PING') return common;
  if (verb === 'INFO') return { ...common, description, endpoints: endpoints().map(infoOf) };
  return { ...common, started, endpoints: endpoints().map(statisticsOf) };
}

const identityOf = ({ name, subject, queueGroup }: AnnouncedEndpoint) => ({ name, subject, queue_group: queueGroup });

const infoOf = (endpoint: AnnouncedEndpoint) => ({ ...identityOf(endpoint), metadata: endpoint.metadata ?? {} });

const nothing = { calls: 0, errors: 0, lastError: '', totalMs: 0 };

/** The protocol counts time in whole nanoseconds. */
function statisticsOf(endpoint: AnnouncedEndpoint) {
  const { calls, errors, lastError, totalMs } = endpoint.statistics ?? nothing;
  const nanoseconds = Math.round(totalMs * 1e6);
  return {
    ...identityOf(endpoint),
    num_requests: calls,
    num_errors: errors,
    last_error: lastError,
    processing_time: nanoseconds,
    average_processing_time: calls === 0 ? 0 : Math.round(nanoseconds / calls),
  };
}
