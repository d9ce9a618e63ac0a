import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadSettings } from '@causeway/config';
import { telemetrySettings } from '@causeway/telemetry';
import { Controller, Get, Module, Post, Req } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemOf, sendRaw } from '../../test/raw.js';
import { createApp, defineService, hostSettings } from '../index.js';

@Controller('v1')
class Things {
  @Get('things/:id')
  read(@Req() { params }: FastifyRequest): object {
    return params as object;
  }

  @Post('things')
  create(@Req() { body }: FastifyRequest): object {
    return { body };
  }
}

@Module({ controllers: [Things] })
class TestModule {}

const settings = loadSettings({ ...hostSettings, ...telemetrySettings }, { HTTP_PORT: '0', MANAGEMENT_PORT: '0' });

async function start(limits: object = {}): Promise<{ app: NestFastifyApplication; port: number }> {
  const app = await createApp(
    defineService({
      name: 'test',
      settings: {},
      module: () => TestModule,
      fastify: () => limits,
      configureHttp: (nest) => {
        // An answer that begins before the body is there.
        const early = (_request: FastifyRequest, reply: FastifyReply) => {
          reply.hijack();
          reply.raw.writeHead(200).write('begun');
        };
        nest
          .getHttpAdapter()
          .getInstance()
          .route({ method: 'POST', url: '/early', onRequest: early, handler: () => undefined });
      },
    }),
    settings,
  );
  await app.listen(0, '127.0.0.1');
  return { app, port: ((app.getHttpServer() as Server).address() as AddressInfo).port };
}

let app: NestFastifyApplication;
let port: number;
beforeAll(async () => void ({ app, port } = await start()));
afterAll(() => app.close());

const end = 'connection: close\r\n\r\n';
const get = (target: string, headers = 'host: x\r\n') => `GET ${target} HTTP/1.1\r\n${headers}${end}`;

describe('a problem document answers', () => {
  test.each<[string, string, number, string]>([
    ['no Host', get('/v1/things/1', ''), 400, 'MALFORMED_REQUEST'],
    ['two Hosts', get('/v1/things/1', 'host: a\r\nHost: b\r\n'), 400, 'MALFORMED_REQUEST'],
    ['a Host that is none', get('/v1/things/1', 'host: a/b\r\n'), 400, 'MALFORMED_REQUEST'],
    ['an unknown Expect', get('/v1/things/1', 'host: x\r\nexpect: tea\r\n'), 417, 'EXPECTATION_FAILED'],
    ['a URI of 9 KiB', get(`/v1/things/1?${'a'.repeat(9_216)}`), 414, 'URI_TOO_LONG'],
    ['a URI of 100 KiB', get(`/v1/things/1?${'a'.repeat(102_400)}`), 414, 'URI_TOO_LONG'],
    ['one part of a path that is too long', get(`/v1/things/${'a'.repeat(200)}`), 414, 'URI_TOO_LONG'],
    ['headers of 20 KiB', get('/v1/things/1', `host: x\r\nx-a: ${'a'.repeat(20_480)}\r\n`), 431, 'HEADERS_TOO_LARGE'],
    ['headers of 100 KiB', get('/v1/things/1', `host: x\r\nx-a: ${'a'.repeat(102_400)}\r\n`), 431, 'HEADERS_TOO_LARGE'],
    ['many headers', get('/v1/things/1', `host: x\r\n${'x-a: b\r\n'.repeat(1_900)}`), 431, 'HEADERS_TOO_LARGE'],
    ['a method that nobody knows', 'BREW /v1/things/1 HTTP/1.1\r\nhost: x\r\n\r\n', 501, 'METHOD_NOT_IMPLEMENTED'],
    ['a method in lower case', 'get /v1/things/1 HTTP/1.1\r\nhost: x\r\n\r\n', 501, 'METHOD_NOT_IMPLEMENTED'],
    ['CONNECT', 'CONNECT x:443 HTTP/1.1\r\nhost: x:443\r\n\r\n', 501, 'METHOD_NOT_IMPLEMENTED'],
    ['no HTTP at all', 'hunter2\r\n\r\n', 400, 'MALFORMED_REQUEST'],
    ['a header without a name', get('/v1/things/1', 'host: x\r\n: b\r\n'), 400, 'MALFORMED_REQUEST'],
    ['bytes above ASCII in the address', get('/v1/things/1?q=é'), 400, 'MALFORMED_REQUEST'],
    ['%ff in the path', get('/v1/things/%ff'), 400, 'MALFORMED_REQUEST'],
    ['%ff in the query', get('/v1/things/1?q=%ff'), 400, 'MALFORMED_REQUEST'],
    ['half a percent-encoding', get('/v1/things/1?q=%c3%28'), 400, 'MALFORMED_REQUEST'],
    ['a lone surrogate, percent-encoded', get('/v1/things/1?q=%ed%a0%80'), 400, 'MALFORMED_REQUEST'],
  ])('%s', async (_title, request, status, code) => {
    const answer = await sendRaw(port, request);
    expect(problemOf(answer)).toEqual([status, code]);
    expect(answer.headers).toMatchObject({ connection: 'close', 'cache-control': 'no-store' });
  });

  test.each(['QUERY', 'PROPFIND', 'TRACE', 'PURGE', 'M-SEARCH', 'OPTIONS', 'PATCH', 'DELETE', 'PUT'])(
    '%s, which no route takes: 405 with Allow; 404 where there is nothing',
    async (method) => {
      const answer = await sendRaw(port, `${method} /v1/things/1 HTTP/1.1\r\nhost: x\r\n${end}`);
      expect([...problemOf(answer), answer.headers['allow']]).toEqual([405, 'METHOD_NOT_ALLOWED', 'GET, HEAD']);
      expect(problemOf(await sendRaw(port, `${method} /nowhere HTTP/1.1\r\nhost: x\r\n${end}`))[0]).toBe(404);
    },
  );

  test('a wrong method or address, whatever the body is', async () => {
    const body = 'content-type: nonsense\r\ncontent-length: 3\r\n';
    const send = (target: string) => sendRaw(port, `PUT ${target} HTTP/1.1\r\nhost: x\r\n${body}${end}{"a`);
    expect([problemOf(await send('/v1/things'))[0], problemOf(await send('/nowhere'))[0]]).toEqual([405, 404]);
  });

  test('also where the router gives up, with a trace and the headers of every answer', async () => {
    for (const target of ['/v1/things/%ff', `/v1/things/${'a'.repeat(200)}`]) {
      const { headers } = await sendRaw(port, get(target));
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.any(String),
      });
    }
  });
});

test('what is unusual, but right, passes', async () => {
  for (const request of [
    'GET /v1/things/1 HTTP/1.0\r\n\r\n',
    get('/v1/things/1', 'host:\r\n'),
    get('/v1/things/1', 'host: [::1]:80\r\n'),
    get(`/v1/things/1?${'a'.repeat(8_000)}`),
    get('/v1/things/%E2%82%AC?q=%e2%82%ac+%00'),
    get('http://elsewhere/v1/things/1'),
    `POST /v1/things HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n${end}`,
  ])
    expect([request, (await sendRaw(port, request)).headers['content-type'] ?? 'continue']).toEqual([
      request,
      request.includes('expect') ? 'continue' : 'application/json; charset=utf-8',
    ]);
});

describe('a client that is too slow gets 408', () => {
  let slow: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    slow = await start({ requestTimeout: 300, http: { headersTimeout: 150, connectionsCheckingInterval: 20 } });
  });
  afterAll(() => slow.app.close());

  const post = (path: string) => `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`;
  test.each([
    ['with nothing', ''],
    ['with the headers', post('/v1/things')],
    ['with the body', `${post('/v1/things')}content-length: 10\r\n\r\n{"a"`],
    ['with the chunks of a body', `${post('/v1/things')}transfer-encoding: chunked\r\n\r\n4\r\n{"a"\r\n`],
  ])('%s', async (_title, request) => {
    const answer = await sendRaw(slow.port, request);
    expect([...problemOf(answer), answer.headers['connection']]).toEqual([408, 'REQUEST_TIMEOUT', 'close']);
  });

  test('unless its answer has begun: that one is cut off, not mixed up', async () => {
    const { status, body } = await sendRaw(slow.port, `${post('/early')}content-length: 10\r\n\r\n{"a"`);
    expect([status, body]).toEqual([200, '5\r\nbegun\r\n']);
  });

  test('the limits hold to within half a second', () =>
    expect(app.getHttpServer()).toMatchObject({
      headersTimeout: 15_000,
      requestTimeout: 30_000,
      connectionsCheckingInterval: 500,
    }));
});
