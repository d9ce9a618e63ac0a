import { setTimeout as delay } from 'node:timers/promises';
import { loadSettings } from '@causeway/config';
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
  part: Pick<DiscoveryModuleOptions, 'find' | 'host' | 'commit'> = {},
): Promise<NestFastifyApplication> {
  const connection = await connect({ servers: nats.url });
  connections.push(connection);
  const settings = loadSettings(discoverySettings, { DISCOVERY_MODE: 'nats', DISCOVERY_POLL_MS: '200' });
  const natsModule: DynamicModule = {
    module: HelperModule,
    global: true,
    providers: [
      { provide: NATS, useValue: connection },
      { provide: HOST, useValue: { stopping: stopping.signal } },
    ],
    exports: [NATS, HOST],
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
  expect(idsAt(gateway, 'order')).toEqual(['order-2']);
  expect(await ask()).toEqual({ id: 'order-2' });
});

test('an instance announces which build it is', async () => {
  await start('order', 'order-1', { commit: 'c0ffee' });
  let info: { version?: string; metadata?: Record<string, string> } = {};
  const asked = async () => {
    info = await connections[0]!.request('$SRV.INFO.order').then(
      (message) => message.json<typeof info>(),
      () => ({}),
    );
    return info.version !== undefined;
  };
  while (!(await asked())) await delay(10);
  expect(info).toMatchObject({ version: '1.2.3', metadata: { commit: 'c0ffee' } });
});

test('a service that calls no other is found all the same, and pings none', async () => {
  const gateway = await start('gateway', 'gateway-1', { find: ['order', 'payment'] });
  const silent = await start('payment', 'payment-1');
  await until(() => idsAt(gateway, 'payment').length === 1);
  for (const part of [RESOLVER, Balancer, ServiceClient]) expect(() => silent.get(part)).toThrow();
  await silent.close();
  expect(idsAt(gateway, 'payment')).toEqual([]);
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
