import { loadSettings } from '@causeway/config';
import { telemetrySettings } from '@causeway/telemetry';
import middie from '@fastify/middie';
import {
  type ArgumentsHost,
  Controller,
  Get,
  Module,
  Req,
  Res,
  type MiddlewareConsumer,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { EventPattern, Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { createApp, defineService, governanceRoute, hostSettings, HostState, RequestDeadline } from './index.js';

const settings = loadSettings({ ...hostSettings, ...telemetrySettings }, { HTTP_PORT: '0', MANAGEMENT_PORT: '0' });
const events: string[] = [];
beforeEach(() => void events.splice(0));

/** As much of a broker as the host has to do with. */
class FakeTransport extends Server implements CustomTransportStrategy {
  listen(callback: () => void): void {
    events.push(`listen: ${[...this.messageHandlers.keys()].join()}`);
    callback();
  }

  close(): void {
    events.push('transport closed');
  }

  on(): never {
    throw new Error('not used');
  }

  unwrap<T>(): T {
    return this as unknown as T;
  }
}

@Controller()
class Orders implements OnModuleInit, OnModuleDestroy, OnApplicationShutdown {
  constructor(readonly host: HostState) {}

  onModuleInit(): void {
    events.push('init');
  }

  onModuleDestroy(): void {
    events.push('destroy');
  }

  onApplicationShutdown(): void {
    events.push('shutdown');
  }

  @EventPattern('order.evt.placed.v1')
  placed(_data: unknown): void {
    events.push('placed');
  }

  @Get('stream')
  @RequestDeadline('none')
  stream(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).write(`: ${request.method}\n\n`);
    this.host.stopping.addEventListener('abort', () => reply.raw.end());
  }
}

@Module({ controllers: [Orders] })
class OrdersModule {}

const parts = { name: 'order', settings: {}, module: () => OrdersModule };
const definition = defineService(parts);

test('the hooks run in order: providers, configureHttp, init, transport; then the transport knows its handlers', async () => {
  const app = await createApp(
    defineService({
      ...parts,
      configureHttp: (nest) => {
        events.push(`configure: ${nest.get(Orders).constructor.name}`);
        nest
          .getHttpAdapter()
          .getInstance()
          .get('/raw', () => 'raw');
      },
      uses: [
        {
          name: 'fake',
          settings: {},
          transport: async () => {
            events.push('transport');
            return new FakeTransport();
          },
        },
      ],
    }),
    settings,
  );
  await app.startAllMicroservices();
  expect(events).toEqual(['configure: Orders', 'init', 'transport', 'listen: order.evt.placed.v1']);
  expect((await app.inject('/raw')).body).toBe('raw');
  events.splice(0);
  await app.close();
  expect(events).toEqual(['destroy', 'transport closed', 'shutdown']);
});

test('the service and its capabilities contribute to the management port, each route once', async () => {
  const route = (path: string) => governanceRoute({ method: 'GET', path, input: z.object({}), run: () => undefined });
  const contributing = (path: string) =>
    defineService({
      ...parts,
      uses: [{ name: 'fake', settings: {}, governance: () => [route('queue')] }],
      governance: (app) => [route(`${path}${app.get(Orders) ? '' : '?'}`)],
    });
  const host = new HostState();
  await (await createApp(contributing('keys'), settings, host)).close();
  expect(host.governance.map(({ path }) => path)).toEqual(['queue', 'keys']);
  await expect(createApp(contributing('queue'), settings)).rejects.toThrow('GET /governance/queue');
});

test('errors of plugins are answered like those of handlers, by the filters of the application', async () => {
  const failing = (fastify: FastifyInstance, _: object, done: () => void) => {
    fastify.get('/plugin', () => Promise.reject(new Error('hunter2')));
    fastify.post('/plugin', () => 'taken');
    done();
  };
  const answers = async (app: NestFastifyApplication) => {
    const [thrown, malformed] = [
      await app.inject('/plugin'),
      await app.inject({ method: 'POST', url: '/plugin', body: '{', headers: { 'content-type': 'application/json' } }),
    ];
    await app.close();
    return [thrown.body, malformed.body];
  };
  const configureHttp = async (app: NestFastifyApplication) => void (await app.register(failing as never));
  const [thrown, malformed] = await answers(await createApp(defineService({ ...parts, configureHttp }), settings));
  expect([JSON.parse(thrown!), JSON.parse(malformed!)]).toMatchObject([
    { code: 'INTERNAL' },
    { code: 'MALFORMED_REQUEST' },
  ]);
  expect(thrown).not.toContain('hunter2');

  const own = {
    catch: (_: unknown, at: ArgumentsHost) => void at.switchToHttp().getResponse<FastifyReply>().code(418).send('own'),
  };
  const withOwnFilter = defineService({
    ...parts,
    configureHttp: async (app: NestFastifyApplication) => {
      await configureHttp(app);
      app.useGlobalFilters(own);
    },
  });
  expect(await answers(await createApp(withOwnFilter, settings))).toEqual(['own', 'own']);
});

test('an endless answer ends itself when the stop begins, and none is begun after that', async () => {
  const host = new HostState();
  const app = await createApp(definition, settings, host);
  await app.listen(0, '127.0.0.1');
  const url = `${await app.getUrl()}/stream`;
  const stream = await fetch(url);
  expect(host.inFlight).toBe(1);
  host.beginStop(1_000);
  expect(await stream.text()).toBe(': GET\n\n');
  const refused = await fetch(url);
  expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('connection')]).toEqual([
    503,
    '1',
    'close',
  ]);
  expect(await refused.json()).toMatchObject({ code: 'SHUTTING_DOWN' });
  await app.close();
});

test('options of Fastify may follow from settings', async () => {
  const app = await createApp(
    defineService({ ...parts, fastify: ({ BODY_LIMIT_BYTES }) => ({ bodyLimit: BODY_LIMIT_BYTES * 2 }) }),
    settings,
  );
  expect(app.getHttpAdapter().getInstance().initialConfig.bodyLimit).toBe(524_288);
  await app.close();
});

test('Nest middleware works once the service registers @fastify/middie', async () => {
  @Module({ controllers: [Orders] })
  class WithMiddleware {
    configure(consumer: MiddlewareConsumer): void {
      const middleware = (_request: unknown, _response: unknown, next: () => void) => {
        events.push('middleware');
        next();
      };
      consumer.apply(middleware).forRoutes('*path');
    }
  }
  const withMiddleware = { ...parts, module: () => WithMiddleware };
  await expect(createApp(defineService(withMiddleware), settings)).rejects.toThrow('use is not a function');
  const app = await createApp(
    defineService({ ...withMiddleware, configureHttp: async (nest) => void (await nest.register(middie as never)) }),
    settings,
  );
  events.splice(0);
  await app.inject('/absent');
  expect(events).toEqual(['middleware']);
  await app.close();
});
