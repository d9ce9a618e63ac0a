import { setTimeout as delay } from 'node:timers/promises';
import { CallStatistics } from '@causeway/telemetry';
import { startNats, type TestNats } from '@causeway/testkit';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { announce, natsResolver, type AnnounceOptions, type Resolver } from '../src/index.js';

let nats: TestNats;
const cleanups: (() => Promise<unknown> | void)[] = [];

beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats?.stop());
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function connection(): Promise<NatsConnection> {
  const nc = await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 50, reconnectJitter: 10 });
  cleanups.push(() => nc.close());
  return nc;
}

async function resolver(pollMs = 100): Promise<Resolver> {
  const found = natsResolver(await connection(), { services: ['order', 'user'], pollMs });
  cleanups.push(() => found.close());
  return found;
}

const instance = (id: string, port: number, name = 'order'): AnnounceOptions => ({
  name,
  id,
  version: '1.2.3',
  metadata: { url: `http://127.0.0.1:${port}`, build: 'abc' },
});

async function until(condition: () => boolean, limitMs = 5_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error('the condition did not become true in time');
    await delay(10);
  }
}

const idsOf = (from: Resolver, service = 'order') =>
  from
    .endpoints(service)
    .map(({ id }) => id)
    .sort();

test('an instance that was there before the resolver is found by asking', async () => {
  await announce(await connection(), instance('order-1', 4001));
  const found = await resolver();
  await until(() => idsOf(found).length === 1);
  expect(found.endpoints('order')).toEqual([{ id: 'order-1', url: 'http://127.0.0.1:4001', version: '1.2.3' }]);
  expect(found.services()).toEqual(['order']);
});

test('arrival and departure take effect at once, without waiting for a round of pings', async () => {
  const found = await resolver(60_000);
  // The first round asks at once; after it nothing is asked for a minute.
  await delay(50);
  const nc = await connection();
  const first = await announce(nc, instance('order-1', 4001));
  await announce(nc, instance('order-2', 4002));
  await until(() => idsOf(found).length === 2);
  await first.stop();
  await until(() => idsOf(found).length === 1);
  expect(idsOf(found)).toEqual(['order-2']);
});

test('an instance that dies without announcing it is dropped after three rounds; the others stay', async () => {
  const found = await resolver();
  const dying = await connection();
  await announce(dying, instance('order-1', 4001));
  await announce(await connection(), instance('order-2', 4002));
  await until(() => idsOf(found).length === 2);
  await dying.close();
  await until(() => idsOf(found).length === 1);
  expect(idsOf(found)).toEqual(['order-2']);
});

test('the last instance of all is dropped, too, when it dies', async () => {
  const found = await resolver();
  const dying = await connection();
  await announce(dying, instance('order-1', 4001));
  await until(() => idsOf(found).length === 1);
  await dying.close();
  await until(() => idsOf(found).length === 0);
});

test('an instance that restarts under its id with another address replaces the old one', async () => {
  const found = await resolver(60_000);
  await delay(50);
  const nc = await connection();
  await announce(nc, instance('order-1', 4001));
  await until(() => idsOf(found).length === 1);
  await announce(nc, instance('order-1', 4009));
  await until(() => found.endpoints('order')[0]?.url === 'http://127.0.0.1:4009');
  expect(found.endpoints('order')).toHaveLength(1);
});

test('nonsense, and one service in the name of another, is ignored on the subjects of discovery', async () => {
  const forged = JSON.stringify(instance('order-2', 4002));
  const found = await resolver();
  const nc = await connection();
  nc.subscribe('$SRV.PING.order', { callback: (_error, message) => void message.respond('{"name":"order"') });
  nc.publish(
    'causeway.discovery.announced.order',
    JSON.stringify({ ...instance('x', 1), metadata: { url: 'javascript:alert(1)' } }),
  );
  nc.publish('causeway.discovery.left.order', '[]');
  // An instance of another service that calls itself order.
  nc.subscribe('$SRV.PING.user', { callback: (_error, message) => void message.respond(forged) });
  nc.publish('causeway.discovery.announced.user', forged);
  await announce(nc, instance('order-1', 4001));
  await until(() => idsOf(found).length === 1);
  await delay(300);
  expect(idsOf(found)).toEqual(['order-1']);
});

test('PING, INFO and STATS follow ADR-32, on all three subjects', async () => {
  const statistics = new CallStatistics();
  const endpoints = () => [{ name: 'get-address', subject: 'user.rpc.get-address.v1', queueGroup: 'user', statistics }];
  await announce(await connection(), { ...instance('user-1', 4001, 'user'), description: 'Profiles', endpoints });
  const nc = await connection();
  const ask = async (subject: string) =>
    (await nc.request(subject, '', { timeout: 2_000 })).json<Record<string, unknown>>();
  const common = {
    name: 'user',
    id: 'user-1',
    version: '1.2.3',
    metadata: { url: 'http://127.0.0.1:4001', build: 'abc' },
  };

  for (const suffix of ['', '.user', '.user.user-1'])
    expect(await ask(`$SRV.PING${suffix}`)).toEqual({ type: 'io.nats.micro.v1.ping_response', ...common });
  const listed = { name: 'get-address', subject: 'user.rpc.get-address.v1', queue_group: 'user' };
  expect(await ask('$SRV.INFO.user')).toEqual({
    type: 'io.nats.micro.v1.info_response',
    ...common,
    description: 'Profiles',
    endpoints: [{ ...listed, metadata: {} }],
  });
  const stats = (numbers: object) => ({
    type: 'io.nats.micro.v1.stats_response',
    ...common,
    started: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
    endpoints: [{ ...listed, ...numbers }],
  });
  expect(await ask('$SRV.STATS.user.user-1')).toEqual(
    stats({ num_requests: 0, num_errors: 0, last_error: '', processing_time: 0, average_processing_time: 0 }),
  );
  statistics.record(2);
  statistics.record(1, 'NOT_FOUND');
  expect(await ask('$SRV.STATS.user.user-1')).toEqual(
    stats({
      num_requests: 2,
      num_errors: 1,
      last_error: 'NOT_FOUND',
      processing_time: 3_000_000,
      average_processing_time: 1_500_000,
    }),
  );
});

test('while the broker is away the known instances stay, and afterwards new ones are found', async () => {
  const found = await resolver();
  await announce(await connection(), instance('order-1', 4001));
  await until(() => idsOf(found).length === 1);
  await nats.kill();
  await delay(800);
  expect(idsOf(found)).toEqual(['order-1']);
  await nats.restart();
  await announce(await connection(), instance('order-2', 4002));
  await until(() => idsOf(found).length === 2);
  await delay(500);
  expect(idsOf(found)).toEqual(['order-1', 'order-2']);
});

test.each([
  ['name', { name: 'a.b' }],
  ['id', { id: 'a b' }],
  ['version', { version: 'v1' }],
])('a %s that the protocol does not allow is refused', async (_what, wrong) => {
  await expect(announce(await connection(), { ...instance('order-1', 4001), ...wrong })).rejects.toThrow(
    /may hold|not a semantic/,
  );
});
