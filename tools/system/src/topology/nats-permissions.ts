import {
  consumers,
  durableName,
  forwardedServices,
  messages,
  rpcs,
  streamOf,
  type ConsumerDefinition,
} from '@causeway/contracts';
import type { Service } from '../service.js';
import { operator, provisioner, services } from '../services.js';

/** What a NATS user may do; subjects, with wildcards. */
export interface NatsPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** May answer a request on the inbox that the request names. */
  readonly responds: boolean;
}

/**
 * The users of the broker and their subjects: one for each service of the list with an account, `provisioner` and
 * `operator`.
 * A new message, consumer or RPC changes the result, and with it the generated server configuration.
 */
export function natsPermissions(): Readonly<Record<string, NatsPermissions>> {
  const users = services.filter(({ nats }) => nats).sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    ...Object.fromEntries(users.map((service) => [service.name, permissionsOf(service)])),
    [provisioner]: { publish: ['$JS.API.>'], subscribe: [inboxOf(provisioner)], responds: false },
    [operator]: operatorPermissions,
  };
}

const distinct = (values: readonly string[]): string[] => [...new Set(values)];

/** `connectNats` makes inboxes below the service's name: with a shared prefix any service could read another's replies. */
const inboxOf = (name: string): string => `_INBOX_${name}.>`;

/**
 * What the commands of `npx causeway` need. It may publish a message that a consumer handles, since that is what a
 * replay is, and remove a dead letter, but change no stream and no consumer, and read the content of no business stream.
 */
const operatorPermissions: NatsPermissions = {
  publish: [
    ...['PING', 'INFO', 'STATS'].map((verb) => `$SRV.${verb}`),
    '$JS.API.STREAM.INFO.*',
    '$JS.API.CONSUMER.INFO.*.*',
    '$JS.API.CONSUMER.LIST.*',
    ...['DLQ', 'ADVISORY', 'AUDIT'].map((name) => `$JS.API.STREAM.MSG.GET.${name}`),
    '$JS.API.STREAM.MSG.DELETE.DLQ',
    ...distinct(consumers.map(({ message }) => message.subject)),
    'audit.>',
  ],
  subscribe: [inboxOf(operator)],
  responds: false,
};

function permissionsOf({ name: service, edge, sends: sent = [], listens = [] }: Service): NatsPermissions {
  const sends = sent.map((subject) => ({ subject }));
  const finds = edge ? forwardedServices : [];
  const events = messages.filter(({ kind, owner }) => kind === 'event' && owner === service);
  const handled = consumers.filter((consumer) => consumer.service === service);
  const served = rpcs.filter(({ owner }) => owner === service);
  const published = [...events, ...sends.filter(({ subject }) => !rpcs.some((rpc) => rpc.subject === subject))];
  const wake = events.length > 0 ? [`causeway.outbox.wake.${service}`] : [];
  return {
    publish: [
      ...[...events, ...sends].map(({ subject }) => subject),
      ...handled.map((consumer) => `dlq.${durableName(consumer)}`),
      ...inspects(events.length > 0, events, handled),
      // The relay looks whether what it published is still there.
      ...distinct(published.map(({ subject }) => `$JS.API.STREAM.MSG.GET.${streamOf(subject).name}`)),
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
  outbox: boolean,
  events: readonly { subject: string }[],
  handled: readonly ConsumerDefinition[],
): string[] {
  const commands = outbox ? messages.filter(({ kind }) => kind === 'command') : [];
  const names = [...events, ...commands, ...handled.map(({ message }) => message)].map(
    ({ subject }) => streamOf(subject).name,
  );
  return distinct([...names, ...(handled.length > 0 ? ['DLQ'] : [])]).map((name) => `$JS.API.STREAM.INFO.${name}`);
}

function consuming(consumer: ConsumerDefinition): string[] {
  const place = `${streamOf(consumer.message.subject).name}.${durableName(consumer)}`;
  return [
    `$JS.API.CONSUMER.INFO.${place}`,
    `$JS.API.CONSUMER.MSG.NEXT.${place}`,
    `$JS.ACK.${place}.>`,
    // From nats-server 2.15 on the subject begins with domain and account.
    `$JS.ACK.*.*.${place}.>`,
  ];
}
