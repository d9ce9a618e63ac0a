import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadSettings } from '@causeway/config';
import { telemetrySettings } from '@causeway/telemetry';
import { jest } from '@jest/globals';
import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { head, RawClient } from '../../test/raw-client.js';
import { startManagementServer } from '../health/management-server.js';
import { createApp, defineService, hostSettings, HostState } from '../index.js';
import { Connections } from './connections.js';

@Module({})
class Nothing {}

const settings = loadSettings(
  { ...hostSettings, ...telemetrySettings },
  { HTTP_PORT: '0', MANAGEMENT_PORT: '0', BODY_LIMIT_BYTES: '1024' },
);
let host: HostState;
let app: NestFastifyApplication;
let port: number;
const clients: RawClient[] = [];
const handled: string[] = [];
/** Lets the answer of `/held` go. */
let release: () => void;

function routes(fastify: FastifyInstance): void {
  const held = new Promise<void>((resolve) => (release = resolve));
  fastify.addHook('onRequest', (request, _reply, done) => (handled.push(request.url), done()));
  fastify.get('/json', () => ({}));
  fastify.post('/json', () => ({}));
  fastify.get('/held', async () => held.then(() => ({})));
  fastify.get('/204', (_request, reply) => reply.code(204).send());
  fastify.get('/304', (_request, reply) => reply.code(304).send());
  fastify.get('/moved', (_request, reply) => reply.redirect('/json'));
  fastify.get('/503', (_request, reply) => reply.code(503).send({}));
  fastify.get('/hijacked', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-length': 2 }).end('ok');
  });
  fastify.get('/implicit', (_request, reply) => {
    reply.hijack();
    reply.raw.setHeader('content-length', 2);
    reply.raw.end('ok');
  });
  fastify.get('/half', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-length': 4 }).write('ha');
    void held.then(() => reply.raw.end('lf'));
  });
}

beforeEach(async () => {
  host = new HostState();
  handled.length = 0;
  const configureHttp = (nest: NestFastifyApplication) => routes(nest.getHttpAdapter().getInstance());
  app = await createApp(
    defineService({ name: 'test', settings: {}, module: () => Nothing, configureHttp }),
    settings,
    host,
  );
  await app.listen(0, '127.0.0.1');
  ({ port } = app.getHttpServer().address() as AddressInfo);
});
afterEach(async () => {
  release();
  for (const client of clients.splice(0)) client.end();
  await app.close();
});

async function open(): Promise<RawClient> {
  const client = await RawClient.open(port);
  clients.push(client);
  return client;
}

const untilInFlight = async (count: number): Promise<void> => {
  while (host.inFlight !== count) await new Promise(setImmediate);
};

test.each([
  [200, head('GET', '/json')],
  [200, head('HEAD', '/json')],
  [204, head('GET', '/204')],
  [304, head('GET', '/304')],
  [302, head('GET', '/moved')],
  [503, head('GET', '/503')],
  [404, head('GET', '/nothing')],
  [405, head('DELETE', '/json')],
  [400, head('GET', '/%zz')],
  [413, head('POST', '/json', 'Content-Type: application/json', 'Content-Length: 2000') + 'x'.repeat(2_000)],
  [415, head('POST', '/json', 'Content-Type: text/plain', 'Content-Length: 1') + 'x'],
  [417, head('GET', '/json', 'Expect: miracles')],
  [400, 'GET /json HTTP/1.1\r\n\r\n'],
  [400, 'nonsense\r\n\r\n'],
  [200, head('GET', '/hijacked')],
  [200, head('GET', '/implicit')],
])('while it stops, whoever writes an answer says that the connection ends: %i', async (status, request) => {
  const client = await open();
  host.beginStop(60_000);
  client.send(request);
  const answer = await client.answer(request.startsWith('HEAD'));
  expect([answer.status, answer.connection]).toEqual([status, 'close']);
  await client.closed;
});

test('the management port says so, too, and answers what has reached the machine', async () => {
  const management = await startManagementServer(
    { service: 'test', version: '1.0.0', commit: undefined, instanceId: 'one' },
    settings,
    host,
  );
  const client = await RawClient.open(management.port);
  const silent = await RawClient.open(management.port);
  clients.push(client, silent);
  expect(await client.get('/health/live')).toEqual({ status: 200, connection: 'keep-alive' });
  host.beginStop(60_000);
  client.send(head('GET', '/health/ready'));
  const closed = management.close();
  expect(await client.answer()).toEqual({ status: 503, connection: 'close' });
  await Promise.all([closed, silent.closed]);
});

test('what comes after the announced end of a connection is not handled', async () => {
  const client = await open();
  host.beginStop(60_000);
  client.send(head('GET', '/half'));
  await untilInFlight(1);
  client.send(head('GET', '/json'));
  const more = await open();
  expect(await more.get('/json')).toMatchObject({ status: 200 });
  release();
  expect(await client.answer()).toEqual({ status: 200, connection: 'close' });
  await expect(client.answer()).rejects.toThrow('closed without an answer');
  expect(handled).toEqual(['/half', '/json']);
});

describe('once it closes', () => {
  test('a connection on which something is under way is waited for, and the others are ended', async () => {
    const [busy, half, idle, silent] = [await open(), await open(), await open(), await open()];
    expect(await idle.get('/json')).toMatchObject({ connection: 'keep-alive' });
    busy.send(head('GET', '/held'));
    half.send('GET /json HTT');
    await untilInFlight(1);
    host.beginStop(60_000);
    const closed = app.close();
    await Promise.all([idle.closed, silent.closed]);
    half.send('P/1.1\r\nHost: test\r\n\r\n');
    expect(await half.answer()).toEqual({ status: 200, connection: 'close' });
    release();
    expect(await busy.answer()).toEqual({ status: 200, connection: 'close' });
    await closed;
  });

  test('what is left when the grace is over is cut off', async () => {
    const [busy, half] = [await open(), await open()];
    busy.send(head('GET', '/held'));
    half.send('GET /json HTT');
    await untilInFlight(1);
    host.beginStop(0);
    await Promise.all([app.close(), busy.closed, half.closed]);
  });
});

test('an idle connection is not ended under a request that has reached the machine, and has not been read', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  const connections = new Connections(host);
  const server = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
  connections.watch(server);
  try {
    await once(server, 'listening');
    const kept = await Promise.all(
      Array.from({ length: 10 }, () => RawClient.open((server.address() as AddressInfo).port)),
    );
    clients.push(...kept);
    for (const client of kept) await client.get('/');
    await connections.closeIdle(server);
    for (const client of kept) client.send(head('GET', '/'));
    jest.advanceTimersByTime(50);
    for (const client of kept) expect(await client.answer()).toMatchObject({ status: 200 });
    jest.advanceTimersByTime(50);
    await Promise.all(kept.map(({ closed }) => closed));
  } finally {
    jest.useRealTimers();
    server.closeAllConnections();
    server.close();
  }
});
