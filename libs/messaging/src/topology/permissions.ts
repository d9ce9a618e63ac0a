import {
  authorizePayment,
  capturePayment,
  consumers,
  durableName,
  forwardedServices,
  getAddress,
  messages,
  refundPayment,
  rpcs,
  streamOf,
  voidPayment,
  type ConsumerDefinition,
} from '@causeway/contracts';

/** What a NATS user may do; subjects, with wildcards. */
export interface NatsPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** May answer a request on the inbox that the request names. */
  readonly responds: boolean;
}

/** What the topology does not say: who sends a command, who calls an RPC, who listens to events without a consumer. */
interface Uses {
  readonly sends?: readonly { readonly subject: string }[];
  readonly listens?: readonly string[];
  /** Services whose instances it looks for: see libs/discovery. */
  readonly finds?: readonly string[];
}
const uses: Readonly<Record<string, Uses>> = {
  order: { sends: [authorizePayment, capturePayment, voidPayment, refundPayment, getAddress] },
  gateway: { listens: ['order.evt.>'], finds: forwardedServices },
  user: {},
  payment: {},
};

/** The account that manages streams and consumers; nothing else may. */
const provisioner = 'provisioner';

/**
 * The users of the broker and their subjects, derived from the topology: one for each service, and `provisioner`.
 * A new message, consumer or RPC changes the result, and with it the generated server configuration.
 */
export function natsPermissions(): Readonly<Record<string, NatsPermissions>> {
  const services = Object.keys(uses).sort();
  return {
    ...Object.fromEntries(services.map((service) => [service, permissionsOf(service)])),
    [provisioner]: { publish: ['$JS.API.>'], subscribe: [inboxOf(provisioner)], responds: false },
  };
}

/** `connectNats` makes inboxes below the service's name: with a shared prefix any service could read another's replies. */
const inboxOf = (name: string): string => `_INBOX_${name}.>`;

function permissionsOf(service: string): NatsPermissions {
  const { sends = [], listens = [], finds = [] } = uses[service] ?? {};
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

const distinct = (values: readonly string[]): string[] => [...new Set(values)];

export interface NatsServerConfigOptions {
  /** A file beside the configuration that is included first, with a line `NATS_PASSWORD_ORDER: "…"` for each password. Default: the environment. */
  readonly include?: string;
  /** Where JetStream keeps its files. Default `/data`. */
  readonly storeDir?: string;
  /** Most that JetStream may store, as nats-server writes sizes. Default `1GB`. */
  readonly maxFileStore?: string;
  /** Serve the monitoring endpoints on port 8222. Default true. */
  readonly monitoring?: boolean;
}

/**
 * Configuration of a NATS server in which every service may do what the topology needs, and nothing else. Passwords are variables,
 * `$NATS_PASSWORD_<USER>`: from the environment, or from the included file. Understood by nats-server 2.9.10 and later.
 */
export function natsServerConfig({
  include,
  storeDir = '/data',
  maxFileStore = '1GB',
  monitoring = true,
}: NatsServerConfigOptions = {}): string {
  const users = Object.entries(natsPermissions()).map(([name, permissions]) => userBlock(name, permissions));
  return [
    '# Generated from the message topology (libs/contracts) by natsServerConfig() of libs/messaging; a test compares. Do not edit.',
    ...(include === undefined ? [] : [`include "${include}"`]),
    'port: 4222',
    ...(monitoring ? ['http_port: 8222'] : []),
    'max_payload: 1MB',
    'lame_duck_duration: "30s"',
    'lame_duck_grace_period: "5s"',
    '',
    'jetstream {',
    `  store_dir: ${JSON.stringify(storeDir)}`,
    '  max_memory_store: 64MB',
    `  max_file_store: ${maxFileStore}`,
    '}',
    '',
    'authorization {',
    '  users: [',
    ...users,
    '  ]',
    '}',
    '',
  ].join('\n');
}

/** The file that {@link natsServerConfig} includes. @param passwords By user; needed for each of {@link natsPermissions}. */
export function natsPasswords(passwords: Readonly<Record<string, string>>): string {
  // Quoted: the server would read `0123` as a number.
  const lines = Object.entries(passwords).map(
    ([user, password]) => `${variableOf(user)}: ${JSON.stringify(password)}\n`,
  );
  return lines.join('');
}

const variableOf = (user: string): string => `NATS_PASSWORD_${user.toUpperCase().replaceAll('-', '_')}`;

function userBlock(name: string, { publish, subscribe, responds }: NatsPermissions): string {
  const list = (subjects: readonly string[]): string =>
    `[\n${subjects.map((subject) => `          ${JSON.stringify(subject)}`).join('\n')}\n        ]`;
  return [
    '    {',
    `      user: ${JSON.stringify(name)}`,
    `      password: $${variableOf(name)}`,
    '      permissions: {',
    `        publish: ${list(publish)}`,
    `        subscribe: ${list(subscribe)}`,
    ...(responds ? ['        allow_responses: { max: 1, expires: "1m" }'] : []),
    '      }',
    '    }',
  ].join('\n');
}
