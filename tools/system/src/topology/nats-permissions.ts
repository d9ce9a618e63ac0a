import {
  consumers,
  durableName,
  forwardedServices,
  messages,
  rpcs,
  streamOf,
  type ConsumerDefinition,
} from '@causeway/contracts';
import { servicesWith, type Example } from '../example.js';
import type { Service } from '../service.js';
import { operator, provisioner } from '../services.js';

/** What a NATS user may do; subjects, with wildcards. */
export interface NatsPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** May answer a request on the inbox that the request names. */
  readonly responds: boolean;
}

/** A durable consumer and what it reads. */
interface Reading {
  readonly service: string;
  readonly subject: string;
  readonly stream: string;
  readonly durable: string;
}

/** Everything that permissions follow from: the contracts, and those of examples. */
interface Declared {
  readonly events: readonly { readonly owner: string; readonly subject: string }[];
  readonly commands: readonly { readonly subject: string }[];
  readonly readings: readonly Reading[];
  /** Services that the edge finds. */
  readonly forwarded: readonly string[];
  /** The stream of a subject. */
  readonly streamNameOf: (subject: string) => string;
}

const readingOf = (consumer: ConsumerDefinition): Reading => ({
  service: consumer.service,
  subject: consumer.message.subject,
  stream: streamOf(consumer.message.subject).name,
  durable: durableName(consumer),
});

/** The contracts as they are with `examples`: a listed service whose place one takes has what the example has. */
function declaredWith(examples: readonly Example[]): Declared {
  const replaced = examples.map(({ name }) => name);
  const published = examples.flatMap(({ name, publishes }) =>
    publishes.map((subject) => ({ owner: name, subject, stream: streamIn(examples, subject) })),
  );
  return {
    events: [...messages.filter(({ kind, owner }) => kind === 'event' && !replaced.includes(owner)), ...published],
    commands: messages.filter(({ kind }) => kind === 'command'),
    readings: [
      ...consumers.filter(({ service }) => !replaced.includes(service)).map(readingOf),
      ...examples.flatMap(({ name: service, consumes }) =>
        Object.entries(consumes).map(([subject, stream]) => ({
          service,
          subject,
          stream,
          durable: `${service}__${subject.replaceAll('.', '-')}`,
        })),
      ),
    ],
    forwarded: distinct([
      ...forwardedServices,
      ...examples.filter(({ forwarded }) => forwarded).map(({ name }) => name),
    ]),
    streamNameOf: (subject) => published.find((each) => each.subject === subject)?.stream ?? streamOf(subject).name,
  };
}

/** @throws Error when no stream of the examples stores the subject. */
function streamIn(examples: readonly Example[], subject: string): string {
  const streams = examples.flatMap(({ streams: own }) => Object.entries(own));
  const [name] =
    streams.find(([, subjects]) => subjects.some((pattern) => subject.startsWith(pattern.replace(/>$/, '')))) ?? [];
  if (name === undefined) throw new Error(`no stream of the contract record stores the subject ${subject}`);
  return name;
}

/**
 * The users of the broker and their subjects: one for each service of the list with an account, `provisioner` and
 * `operator`. A new message, consumer or RPC changes the result, and with it the generated server configuration.
 * @param examples Services that run besides the list, or in place of services of it. Default none.
 */
export function natsPermissions(examples: readonly Example[] = []): Readonly<Record<string, NatsPermissions>> {
  const declared = declaredWith(examples);
  const users = servicesWith(examples)
    .filter(({ nats }) => nats)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    ...Object.fromEntries(users.map((service) => [service.name, permissionsOf(service, declared)])),
    [provisioner]: { publish: ['$JS.API.>'], subscribe: [inboxOf(provisioner)], responds: false },
    [operator]: operatorPermissions(declared),
  };
}

const distinct = (values: readonly string[]): string[] => [...new Set(values)];

/** `connectNats` makes inboxes below the service's name: with a shared prefix any service could read another's replies. */
const inboxOf = (name: string): string => `_INBOX_${name}.>`;

/**
 * What the commands of `npx causeway` need. It may publish a message that a consumer handles, since that is what a
 * replay is, and remove a dead letter, but change no stream and no consumer, and read the content of no business stream.
 */
const operatorPermissions = ({ readings }: Declared): NatsPermissions => ({
  publish: [
    ...['PING', 'INFO', 'STATS'].map((verb) => `$SRV.${verb}`),
    '$JS.API.STREAM.INFO.*',
    '$JS.API.CONSUMER.INFO.*.*',
    '$JS.API.CONSUMER.LIST.*',
    ...['DLQ', 'ADVISORY', 'AUDIT'].map((name) => `$JS.API.STREAM.MSG.GET.${name}`),
    '$JS.API.STREAM.MSG.DELETE.DLQ',
    ...distinct(readings.map(({ subject }) => subject)),
    'audit.>',
  ],
  subscribe: [inboxOf(operator)],
  responds: false,
});

function permissionsOf(
  { name: service, edge, sends: sent = [], listens = [] }: Service,
  declared: Declared,
): NatsPermissions {
  const sends = sent.map((subject) => ({ subject }));
  const finds = edge ? declared.forwarded : [];
  const events = declared.events.filter(({ owner }) => owner === service);
  const handled = declared.readings.filter((reading) => reading.service === service);
  const served = rpcs.filter(({ owner }) => owner === service);
  const published = [...events, ...sends.filter(({ subject }) => !rpcs.some((rpc) => rpc.subject === subject))];
  const wake = events.length > 0 ? [`causeway.outbox.wake.${service}`] : [];
  return {
    publish: [
      ...[...events, ...sends].map(({ subject }) => subject),
      ...handled.map(({ durable }) => `dlq.${durable}`),
      ...inspects(events, handled, declared),
      // The relay looks whether what it published is still there.
      ...distinct(published.map(({ subject }) => `$JS.API.STREAM.MSG.GET.${declared.streamNameOf(subject)}`)),
      ...handled.flatMap(consuming),
      ...wake,
      ...finds.map((name) => `$SRV.PING.${name}`),
      // A common subject would let any service appear as another, and be sent its requests with their tokens.
      ...presence(service),
    ],
    subscribe: [
      inboxOf(service),
      ...served.map(({ subject }) => subject),
      ...listens,
      ...wake,
      ...['PING', 'INFO', 'STATS'].map((verb) => `$SRV.${verb}`),
      `$SRV.*.${service}`,
      `$SRV.*.${service}.*`,
      ...finds.flatMap(presence),
    ],
    responds: true,
  };
}

const presence = (service: string): string[] => [
  `causeway.discovery.announced.${service}`,
  `causeway.discovery.left.${service}`,
];

/** Streams whose state a service asks for: those of its consumers, the dead letters, and those that its outbox might publish to. */
function inspects(
  events: readonly { readonly subject: string }[],
  handled: readonly Reading[],
  { commands, streamNameOf }: Declared,
): string[] {
  const published = events.length > 0 ? [...events, ...commands] : [];
  const names = [...published.map(({ subject }) => streamNameOf(subject)), ...handled.map(({ stream }) => stream)];
  return distinct([...names, ...(handled.length > 0 ? ['DLQ'] : [])]).map((name) => `$JS.API.STREAM.INFO.${name}`);
}

function consuming({ stream, durable }: Reading): string[] {
  const place = `${stream}.${durable}`;
  return [
    `$JS.API.CONSUMER.INFO.${place}`,
    `$JS.API.CONSUMER.MSG.NEXT.${place}`,
    `$JS.ACK.${place}.>`,
    // From nats-server 2.15 on the subject begins with domain and account.
    `$JS.ACK.*.*.${place}.>`,
  ];
}
