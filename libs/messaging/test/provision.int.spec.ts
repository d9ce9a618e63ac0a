import { consumers, durableName, streams } from '@causeway/contracts';
import { AckPolicy, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { ensureTopology, provision } from '../src/topology/provision.js';
import { Scene } from './helpers.js';

const scene = new Scene();
beforeEach(() => scene.broker());
afterEach(() => scene.end());

const topology = { streams, consumers, replicas: 1 };
const parcel = streams.find(({ name }) => name === 'PARCEL')!;

test('everything declared is created once; a second run changes nothing', async () => {
  const nc = await scene.connect();
  const first = await provision(nc, topology);
  expect(first).toHaveLength(streams.length + consumers.length);
  expect(new Set(first.map(({ action }) => action))).toEqual(new Set(['created']));
  const second = await provision(nc, topology);
  expect(new Set(second.map(({ action }) => action))).toEqual(new Set(['unchanged']));
});

test('two processes may provision at the same time', async () => {
  const [one, two] = await Promise.all([scene.connect(), scene.connect()]);
  await Promise.all([provision(one, topology), provision(two, topology)]);
  const third = await provision(one, topology);
  expect(new Set(third.map(({ action }) => action))).toEqual(new Set(['unchanged']));
});

test('a consumer has the limits that the handlers rely on', async () => {
  const nc = await scene.provisioned();
  const jsm = await jetstreamManager(nc);
  const consumer = consumers.find(({ service }) => service === 'parcel')!;
  const { config } = await jsm.consumers.info('LABEL', durableName(consumer));
  expect(config).toMatchObject({
    ack_policy: 'explicit',
    ack_wait: 30_000_000_000,
    max_deliver: 15,
    max_ack_pending: 256,
    filter_subject: consumer.message.subject,
  });
  expect(config.backoff).toBeUndefined();
  expect(config.inactive_threshold || undefined).toBeUndefined();
});

test('a change that the server can make in place is applied and reported', async () => {
  const nc = await scene.provisioned();
  const changed = streams.map((stream) => (stream === parcel ? { ...stream, maxAgeMs: 3_600_000 } : stream));
  const changes = await provision(nc, { ...topology, streams: changed });
  expect(changes.filter(({ action }) => action === 'updated')).toEqual([
    {
      kind: 'stream',
      name: 'PARCEL',
      action: 'updated',
      fields: [{ field: 'max_age', declared: 3_600_000_000_000, actual: 604_800_000_000_000 }],
    },
  ]);
  const { config } = await (await jetstreamManager(nc)).streams.info('PARCEL');
  expect(config.max_age).toBe(3_600_000_000_000);
});

test('a difference that cannot be changed in place is refused by name, and nothing else is changed', async () => {
  const nc = await scene.connect();
  const jsm = await jetstreamManager(nc);
  await jsm.streams.add({
    name: 'LABEL',
    subjects: ['label.>'],
    storage: StorageType.Memory,
    retention: RetentionPolicy.Limits,
  });
  await expect(provision(nc, topology)).rejects.toMatchObject({
    code: 'TOPOLOGY_CONFLICT',
    where: 'stream LABEL',
    field: 'storage',
    declared: 'file',
    actual: 'memory',
  });
  const left: string[] = [];
  for await (const { config } of jsm.streams.list()) left.push(config.name);
  expect(left).toEqual(['LABEL']);
});

test('a consumer that acknowledges by itself is refused', async () => {
  const nc = await scene.connect();
  await provision(nc, { ...topology, consumers: [] });
  const jsm = await jetstreamManager(nc);
  const declared = consumers.find(({ service }) => service === 'parcel')!;
  const name = durableName(declared);
  await jsm.consumers.add('LABEL', {
    durable_name: name,
    filter_subject: declared.message.subject,
    ack_policy: AckPolicy.None,
  });
  await expect(provision(nc, topology)).rejects.toMatchObject({ code: 'TOPOLOGY_CONFLICT', field: 'ack_policy' });
});

test('a refusal of the server is reported with its reason', async () => {
  const nc = await scene.connect();
  await expect(provision(nc, { ...topology, streams: [parcel], consumers: [], replicas: 3 })).rejects.toMatchObject({
    code: 'TOPOLOGY_CONFLICT',
    where: 'stream PARCEL',
    message: expect.stringContaining('the server refused'),
  });
});

test('a consumer that is no longer declared is reported, not deleted', async () => {
  const nc = await scene.provisioned();
  const gone = consumers.find(({ service }) => service === 'label')!;
  const rest = consumers.filter((consumer) => consumer !== gone);
  const changes = await provision(nc, { ...topology, consumers: rest });
  expect(changes.at(-1)).toMatchObject({ action: 'undeclared', name: durableName(gone) });
  await expect((await jetstreamManager(nc)).consumers.info('LABEL', durableName(gone))).resolves.toBeDefined();
});

test('ensureTopology creates what is missing and leaves a changed declaration to provision', async () => {
  const nc = await scene.provisioned();
  const jsm = await jetstreamManager(nc);
  await jsm.streams.delete('USER');
  const changed = streams.map((stream) => (stream === parcel ? { ...stream, maxAgeMs: 3_600_000 } : stream));
  // With a stream went its consumers.
  const gone = consumers.filter(({ message }) => message.subject.startsWith('user.')).map(durableName);
  const changes = await ensureTopology(nc, { ...topology, streams: changed });
  expect(changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`).sort()).toEqual(
    [...gone.map((name) => `created consumer ${name}`), 'created stream USER'].sort(),
  );
  expect((await jsm.streams.info('PARCEL')).config.max_age).toBe(604_800_000_000_000);
});
