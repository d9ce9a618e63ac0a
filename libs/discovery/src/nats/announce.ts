import { finishesWithin } from '@causeway/resilience';
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

/** A NATS subject that the service serves, for `nats micro info`. */
export interface AnnouncedEndpoint {
  readonly name: string;
  readonly subject: string;
  readonly queueGroup: string;
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
  readonly endpoints?: readonly AnnouncedEndpoint[];
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
    const reply = JSON.stringify(responseTo(verb, options, started));
    const callback = (error: Error | null, message: Msg) => void (error ?? message.respond(reply));
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
  const { name, id, version, metadata, description = '', endpoints = [] } = options;
  const common = { type: responseType(verb), name, id, version, metadata };
  const listed = endpoints.map((endpoint) => ({
    name: endpoint.name,
    subject: endpoint.subject,
    queue_group: endpoint.queueGroup,
  }));
  if (verb === 'PING') return common;
  if (verb === 'INFO')
    return { ...common, description, endpoints: listed.map((endpoint) => ({ ...endpoint, metadata: {} })) };
  // Metrics have the real numbers; the protocol requires the fields.
  const none = { num_requests: 0, num_errors: 0, last_error: '', processing_time: 0, average_processing_time: 0 };
  return { ...common, started, endpoints: listed.map((endpoint) => ({ ...endpoint, ...none })) };
}
