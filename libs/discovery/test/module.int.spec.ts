import { setTimeout as delay } from 'node:timers/promises';
import { loadSettings } from '@causeway/config';
import { contractsHash } from '@causeway/contracts/published';
import { CallStatistics } from '@causeway/telemetry';
import { startNats, type TestNats } from '@causeway/testkit';
import { Controller, Get, Inject, Module, type DynamicModule } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { NestFactory } from '@nestjs/core';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import {
  Balancer,
  DiscoveryModule,
  discoverySettings,
  RESOLVER,
  ServiceClient,
  type DiscoveryModuleOptions,
  type Resolver,
} from '../src/index.js';

const NATS = Symbol('nats');
const HOST = Symbol('host');
const RPCS = Symbol('rpcs');
/** One call, which was an error. */
const answered = (): CallStatistics => {
  const statistics = new CallStatistics();
  statistics.record(1, 'NOT_FOUND');
  return statistics;
};
let stopping: AbortController;
let nats: TestNats;
const apps: NestFastifyApplication[] = [];
const connections: NatsConnection[] = [];

beforeAll(async () => {
  nats = await startNats();
});
beforeEach(() => void (stopping = new AbortController()));
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
  for (const connection of connections.splice(0)) await connection.close();
});
afterAll(() => nats?.stop());

@Controller()
class WhoController {
  constructor(@Inject('id') private readonly id: string) {}

  @Get('who')
  who(): object {
    return { id: this.id };
  }
}

@Module({})
class HelperModule {}

/** One instance of a service as it runs in production, without service-host. */
async function start(
  service: string,
  id: string,
  part: Pick<DiscoveryModuleOptions, 'find' | 'host' | 'rpcs' | 'commit'> = {},
  environment: Record<string, string> = { DISCOVERY_MODE: 'nats', DISCOVERY_POLL_MS: '200' },
  statistics?: CallStatistics,
): Promise<NestFastifyApplication> {
  const connection = await connect({ servers: nats.url });
  connections.push(connection);
  const settings = loadSettings(discoverySettings, environment);
  const natsModule: DynamicModule = {
    module: HelperModule,
    global: true,
    providers: [
      { provide: NATS, useValue: connection },
      { provide: HOST, useValue: { stopping: stopping.signal, statistics } },
      {
        provide: RPCS,
        useValue: { served: [{ definition: { subject: 'order.rpc.get-order.v1' }, statistics: answered() }] },
      },
    ],
    exports: [NATS, HOST, RPCS],
  };
  const root: DynamicModule = {
    module: class Root {},
    imports: [
      natsModule,
      DiscoveryModule.forRoot({ settings, service, version: '1.2.3', instanceId: id, nats: NATS, ...part }),
    ],
    controllers: [WhoController],
    providers: [{ provide: 'id', useValue: id }],
  };
  const app = await NestFactory.create<NestFastifyApplication>(root, new FastifyAdapter(), {
    logger: false,
    abortOnError: false,
  });
  apps.push(app);
  await app.listen(0, '127.0.0.1');
  return app;
}

const idsAt = (app: NestFastifyApplication, service: string) =>
  app
    .get<Resolver>(RESOLVER)
    .endpoints(service)
    .map(({ id }) => id)
    .sort();

async function until(condition: () => boolean, limitMs = 5_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error('the condition did not become true in time');
    await delay(10);
  }
}

test('instances find and call each other; new ones get traffic; a stopping one is left out before it stops serving', async () => {
  const gateway = await start('gateway', 'gateway-1', { find: ['order', 'payment'] });
  const first = await start('order', 'order-1', { find: ['gateway'] });
  await until(() => idsAt(gateway, 'order').length === 1);
  const client = gateway.get(ServiceClient);
  const ask = async () =>
    (await client.request({ service: 'order', method: 'GET', path: '/who' })).json() as { id: string };
  expect(await ask()).toEqual({ id: 'order-1' });
  expect(idsAt(first, 'gateway')).toEqual(['gateway-1']);

  await start('order', 'order-2');
  await until(() => idsAt(gateway, 'order').length === 2);
  const answers = await Promise.all(Array.from({ length: 100 }, ask));
  expect(answers.filter(({ id }) => id === 'order-2').length).toBeGreaterThan(20);

  // Calls go on while an instance stops: none of them fails.
  let stopped = false;
  const stopping = first.close().then(() => (stopped = true));
  const during: { id: string }[] = [];
  while (!stopped) during.push(await ask());
  await stopping;
  expect(during.length).toBeGreaterThan(0);
  await until(() => idsAt(gateway, 'order').length === 1);
  expect(idsAt(gateway, 'order')).toEqual(['order-2']);
  expect(await ask()).toEqual({ id: 'order-2' });
});

/** What an instance says about itself, as soon as it does. */
async function said(verb: 'INFO' | 'STATS', service: string): Promise<Said> {
  const end = performance.now() + 30_000;
  for (;;) {
    try {
      return (await connections[0]!.request(`$SRV.${verb}.${service}`)).json<Said>();
    } catch (error) {
      if (performance.now() > end) throw error;
      await delay(10); // not announced yet
    }
  }
}
interface Said {
  readonly version: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly endpoints: readonly object[];
}

test.each(['static', 'dns', 'nats'] as const)(
  'in mode %s an instance announces which build it is, in which zone, and what it has served',
  async (mode) => {
    const statistics = new CallStatistics();
    statistics.record(4);
    const environment = { DISCOVERY_MODE: mode, DISCOVERY_ZONE: 'eu-central-1a' };
    await start('order', 'order-1', { host: HOST, rpcs: RPCS, commit: 'c0ffee' }, environment, statistics);
    const { version, metadata, endpoints } = await said('INFO', 'order');
    expect([version, metadata]).toEqual([
      '1.2.3',
      {
        url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
        commit: 'c0ffee',
        contracts: contractsHash(),
        zone: 'eu-central-1a',
      },
    ]);
    expect(endpoints).toMatchObject([
      { name: 'http', metadata: { url: metadata['url'] } },
      { name: 'get-order-v1', subject: 'order.rpc.get-order.v1', queue_group: 'order' },
    ]);
    expect((await said('STATS', 'order')).endpoints).toMatchObject([
      { name: 'http', num_requests: 1, num_errors: 0, processing_time: 4_000_000 },
      { name: 'get-order-v1', num_requests: 1, num_errors: 1, last_error: 'NOT_FOUND' },
    ]);
  },
);

test('a service that calls no other is found all the same, and pings none', async () => {
  const gateway = await start('gateway', 'gateway-1', { find: ['order', 'payment'] });
  const silent = await start('payment', 'payment-1');
  await until(() => idsAt(gateway, 'payment').length === 1);
  for (const part of [RESOLVER, Balancer, ServiceClient]) expect(() => silent.get(part)).toThrow();
  await silent.close();
  await until(() => idsAt(gateway, 'payment').length === 0);
});

test('an instance that is asked to stop is left out at once, while it still serves', async () => {
  const gateway = await start('gateway', 'gateway-1', { find: ['order', 'payment'] });
  const order = await start('order', 'order-1', { host: HOST });
  await until(() => idsAt(gateway, 'order').length === 1);
  stopping.abort();
  await until(() => idsAt(gateway, 'order').length === 0);
  expect(await (await fetch(`${await order.getUrl()}/who`)).json()).toEqual({ id: 'order-1' });
});

test('mode nats without a connection is refused when the module is built', () => {
  const settings = loadSettings(discoverySettings, { DISCOVERY_MODE: 'nats' });
  expect(() => DiscoveryModule.forRoot({ settings, service: 'order', find: ['user'] })).toThrow(
    'the token of the NatsConnection',
  );
});

test('mode static needs no broker', async () => {
  const settings = loadSettings(discoverySettings, { DISCOVERY_STATIC: 'order=http://127.0.0.1:1' });
  const app = await NestFactory.create<NestFastifyApplication>(
    { module: class Root {}, imports: [DiscoveryModule.forRoot({ settings, service: 'gateway', find: ['order'] })] },
    new FastifyAdapter(),
    { logger: false },
  );
  apps.push(app);
  await app.init();
  expect(app.get(Balancer).pick('order').endpoint.url).toBe('http://127.0.0.1:1');
});
