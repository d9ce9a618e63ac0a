import type { ConsumerDefinition, StreamDefinition } from '@causeway/contracts';
import { JetStreamApiCodes, JetStreamApiError, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { TopologyConflict } from '../errors.js';
import {
  changeable,
  consumerConfig,
  differences,
  streamConfig,
  streamOfConsumer,
  type FieldChange,
} from './declared.js';

export interface Topology {
  readonly streams: readonly StreamDefinition[];
  readonly consumers: readonly ConsumerDefinition[];
  /** Replicas of every stream. */
  readonly replicas: number;
}

export interface Change {
  readonly kind: 'stream' | 'consumer';
  readonly name: string;
  /** `undeclared`: no service declares this consumer. It is reported, never deleted: its position would be lost. */
  readonly action: 'created' | 'updated' | 'unchanged' | 'undeclared';
  /** What was updated. */
  readonly fields: readonly FieldChange[];
}

type Declared = Readonly<Record<string, unknown>>;
type Found = { readonly config: object } | undefined;

/** One declared stream or consumer, with the calls that find, create and update it. */
interface Item {
  readonly kind: Change['kind'];
  readonly name: string;
  readonly where: string;
  readonly declared: Declared;
  find(): Promise<Found>;
  create(): Promise<unknown>;
  update(): Promise<unknown>;
}

/**
 * Makes the server match the declaration. Idempotent; several processes may run it at the same time. It compares
 * everything before it changes anything, so a conflict leaves the server unchanged.
 * @returns One entry per stream and consumer.
 * @throws TopologyConflict naming the stream or consumer, the field, the declared and the actual value.
 */
export async function provision(nc: NatsConnection, topology: Topology): Promise<Change[]> {
  const jsm = await jetstreamManager(nc);
  const plans = [];
  for (const item of items(jsm, topology)) plans.push(await plan(item));
  const changes: Change[] = [];
  for (const apply of plans) changes.push(await apply());
  return [...changes, ...(await undeclared(jsm, topology))];
}

/**
 * Creates missing streams and consumers, and changes nothing else. Every service does this for what it uses, at start
 * and after each reconnect, so that a broker that lost its data recovers by itself. A *changed* declaration waits for
 * `provision`: during a rolling update, old and new instances would otherwise undo each other's changes.
 * @returns What was created.
 */
export async function ensureTopology(nc: NatsConnection, topology: Topology): Promise<Change[]> {
  const created: Change[] = [];
  for (const item of items(await jetstreamManager(nc, { checkAPI: false }), topology)) {
    if (await item.find()) continue;
    await orConflict(item, item.create());
    created.push({ kind: item.kind, name: item.name, action: 'created', fields: [] });
  }
  return created;
}

/** Returns the names of the declared streams and consumers that the server does not have. */
export async function missingTopology(nc: NatsConnection, topology: Topology): Promise<string[]> {
  const missing: string[] = [];
  for (const item of items(await jetstreamManager(nc, { checkAPI: false }), topology)) {
    if (!(await item.find())) missing.push(item.name);
  }
  return missing;
}

export interface TopologyDifference {
  readonly kind: Change['kind'];
  readonly name: string;
  readonly problem: 'missing' | 'differs' | 'undeclared';
  readonly fields: readonly FieldChange[];
}

/** Compares the server with the declaration, and changes nothing. Replicas are a setting, and not compared. */
export async function compareTopology(nc: NatsConnection, topology: Topology): Promise<TopologyDifference[]> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const found: TopologyDifference[] = [];
  const present: StreamDefinition[] = [];
  for (const { kind, name, declared, find } of items(jsm, topology)) {
    const actual = await find();
    if (!actual) found.push({ kind, name, problem: 'missing', fields: [] });
    else {
      if (kind === 'stream') present.push(...topology.streams.filter((stream) => stream.name === name));
      const fields = differences(declared, actual.config as Declared).filter(({ field }) => field !== 'num_replicas');
      if (fields.length > 0) found.push({ kind, name, problem: 'differs', fields });
    }
  }
  const unknown = await undeclared(jsm, { ...topology, streams: present });
  return [...found, ...unknown.map(({ kind, name }) => ({ kind, name, problem: 'undeclared' as const, fields: [] }))];
}

/** Streams first: consumers live in them. */
const items = (jsm: JetStreamManager, { streams, consumers, replicas }: Topology): Item[] => [
  ...streams.map((stream) => streamItem(jsm, stream, replicas)),
  ...consumers.map((consumer) => consumerItem(jsm, consumer)),
];

/**
 * Compares one item and returns the function that applies the difference.
 * @throws TopologyConflict when the server cannot change a field in place.
 */
async function plan(item: Item): Promise<() => Promise<Change>> {
  const { kind, name } = item;
  const found = await item.find();
  const result = (action: Change['action'], fields: FieldChange[] = []): Change => ({ kind, name, action, fields });
  if (!found) return () => orConflict(item, item.create()).then(() => result('created'));
  const fields = differences(item.declared, found.config as Declared);
  if (fields.length === 0) return () => Promise.resolve(result('unchanged'));
  const fixed = fields.find(({ field }) => !changeable.has(field));
  if (fixed) throw new TopologyConflict(item.where, fixed.field, fixed.declared, fixed.actual);
  return () => orConflict(item, item.update(), fields).then(() => result('updated', fields));
}

/** Turns a refusal of the server into a TopologyConflict with the server's reason. */
async function orConflict(item: Item, request: Promise<unknown>, fields: readonly FieldChange[] = []): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.status === 503) throw error;
    const { field, declared, actual } = fields[0] ?? {
      field: 'configuration',
      declared: item.declared,
      actual: undefined,
    };
    throw new TopologyConflict(item.where, field, declared, actual, `the server refused: ${error.message}`);
  }
}

function streamItem(jsm: JetStreamManager, stream: StreamDefinition, replicas: number): Item {
  const declared = streamConfig(stream, replicas);
  return {
    kind: 'stream',
    name: stream.name,
    where: `stream ${stream.name}`,
    declared,
    find: () => orUndefined(jsm.streams.info(stream.name)),
    create: () => jsm.streams.add(declared),
    update: () => jsm.streams.update(stream.name, declared),
  };
}

function consumerItem(jsm: JetStreamManager, consumer: ConsumerDefinition): Item {
  const declared = consumerConfig(consumer);
  const stream = streamOfConsumer(consumer);
  const name = declared.durable_name;
  return {
    kind: 'consumer',
    name,
    where: `consumer ${name} of stream ${stream}`,
    // Declared as absent, so that a push consumer, or one that the server deletes when idle, is a difference.
    declared: { ...declared, deliver_subject: undefined, inactive_threshold: undefined, backoff: undefined },
    find: async () => {
      const found = await orUndefined(jsm.consumers.info(stream, name));
      return found && { config: { ...found.config, inactive_threshold: found.config.inactive_threshold || undefined } };
    },
    create: () => jsm.consumers.add(stream, declared),
    update: () => jsm.consumers.update(stream, name, declared),
  };
}

const notFound: ReadonlySet<number> = new Set([JetStreamApiCodes.StreamNotFound, JetStreamApiCodes.ConsumerNotFound]);

async function orUndefined<T>(info: Promise<T>): Promise<T | undefined> {
  try {
    return await info;
  } catch (error) {
    if (error instanceof JetStreamApiError && notFound.has(error.code)) return undefined;
    throw error;
  }
}

async function undeclared(jsm: JetStreamManager, { streams, consumers }: Topology): Promise<Change[]> {
  const known = new Set(consumers.map((consumer) => consumerConfig(consumer).durable_name));
  const found: Change[] = [];
  for (const { name: stream } of streams) {
    for await (const { name, config } of jsm.consumers.list(stream)) {
      if (config.durable_name !== undefined && !known.has(name)) {
        found.push({ kind: 'consumer', name, action: 'undeclared', fields: [] });
      }
    }
  }
  return found;
}
