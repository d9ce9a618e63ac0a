import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { loadSettings } from '@causeway/config';
import { CodedError, NotFound } from '@causeway/errors';
import { BulkheadFull, currentDeadline } from '@causeway/resilience';
import {
  createLogger,
  currentTraceId,
  scrapeMetrics,
  startTelemetry,
  telemetrySettings,
  type Telemetry,
} from '@causeway/telemetry';
import { parseSamples } from '@causeway/telemetry/samples';
import { All, BadRequestException, Body, Controller, Get, Module, Param, Post, Put, Req, Res } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  createApp,
  defineService,
  hostSettings,
  HostState,
  IdempotencyKey,
  RequestDeadline,
  sendStored,
  ZodBody,
  ZodParams,
  ZodQuery,
} from '../index.js';

class DatabaseGone extends CodedError {
  readonly code = 'DATABASE_UNAVAILABLE';
  readonly remedy = 'Try again.';
  override readonly retryable = true;
  override readonly retryAfterSeconds = 7;
}

class PeerGone extends CodedError {
  readonly code = 'DEPENDENCY_UNAVAILABLE';
  readonly remedy = 'Try again.';
  override readonly retryable = true;
}

const thrown: Record<string, () => unknown> = {
  unknown: () => new Error('password=hunter2 at 10.0.0.3'),
  nothing: () => undefined,
  text: () => 'hunter2',
  'not-found': () => new NotFound('thing 7'),
  database: () => new DatabaseGone('the database is away'),
  psp: () => new PeerGone('the provider is away'),
  bulkhead: () => new BulkheadFull('payment'),
  nest: () => new BadRequestException('hunter2'),
  teapot: () => Object.assign(new Error('hunter2'), { statusCode: 418 }),
  abort: () => new DOMException('hunter2', 'AbortError'),
};

const deadlines: (number | undefined)[] = [];

@Controller('v1/things')
class Things {
  @Get()
  list(@ZodQuery(z.strictObject({ limit: z.coerce.number().int().max(100).default(20) })) query: object): object {
    return query;
  }

  @Get(':id')
  read(@ZodParams(z.object({ id: z.string().max(10) })) params: object): object {
    return params;
  }

  @Put(':id')
  change(
    @ZodBody(z.strictObject({ items: z.array(z.strictObject({ quantity: z.int().min(1) })) })) body: object,
  ): object {
    return body;
  }

  @Post()
  create(@IdempotencyKey() key: string, @Body() _body: unknown, @Res() reply: FastifyReply): void {
    sendStored(reply, { status: 202, headers: { location: '/v1/things/7' }, body: { key } }, true);
  }
}

@Controller('v1')
class Rest {
  @Post('raw')
  raw(@Req() request: FastifyRequest): object {
    return { raw: request.rawBody?.toString('utf8') };
  }

  @Get('throw/:what')
  fail(@Param('what') what: string): never {
    throw thrown[what]?.();
  }

  @All('context')
  context(): object {
    deadlines.push(currentDeadline()?.remainingMs());
    return { traceId: currentTraceId(), deadlineMs: currentDeadline()?.remainingMs() };
  }

  @Get('stream')
  @RequestDeadline('none')
  stream(): object {
    return { deadline: currentDeadline() !== undefined };
  }

  @Get('quick')
  @RequestDeadline(50)
  async quick(): Promise<object> {
    await new Promise((resolve) => setTimeout(resolve, 80));
    throw thrown['abort']?.();
  }

  @Get('half')
  half(@Res() reply: FastifyReply): void {
    reply.raw.writeHead(200).write('half');
    throw new Error('hunter2');
  }

  @Get('cached')
  cached(@Res({ passthrough: true }) reply: FastifyReply): object {
    reply.header('cache-control', 'public, max-age=60');
    return {};
  }
}

@Module({ controllers: [Things, Rest] })
class TestModule {}

const lines: Record<string, unknown>[] = [];
const settings = loadSettings(
  { ...hostSettings, ...telemetrySettings },
  { HTTP_PORT: '0', MANAGEMENT_PORT: '0', REQUEST_DEADLINE_MS: '2000' },
);

let telemetry: Telemetry;
let app: NestFastifyApplication;
let origin: string;
let port: number;
const host = new HostState();

beforeAll(async () => {
  telemetry = await startTelemetry({ service: 'test', version: '1.0.0', instanceId: 'one', settings });
  createLogger({
    service: 'test',
    level: 'debug',
    instanceId: 'one',
    destination: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  app = await createApp(defineService({ name: 'test', settings: {}, module: () => TestModule }), settings, host);
  await app.listen(0, '127.0.0.1');
  ({ port } = app.getHttpServer().address() as AddressInfo);
  origin = `http://127.0.0.1:${port}`;
});

afterAll(async () => {
  await app.close();
  await telemetry.shutdown();
});

async function call(
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; headers: Headers; body: Record<string, unknown>; text: string }> {
  const response = await fetch(origin + path, init);
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text ? (JSON.parse(text) as Record<string, unknown>) : {},
    text,
  };
}

const json = (method: string, body: unknown): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

function expectProblem(answer: Awaited<ReturnType<typeof call>>, status: number, code: string): void {
  expect([answer.status, answer.body['code'], answer.body['status']]).toEqual([status, code, status]);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect(answer.body).toMatchObject({
    type: expect.stringMatching(/^urn:/),
    title: expect.any(String),
    detail: expect.any(String),
  });
  expect(answer.body['traceId']).toMatch(/^[0-9a-f]{32}$/);
  expect(answer.text).not.toMatch(/hunter2|10\.0\.0\.3|\.ts:\d/);
}

describe('a problem document answers', () => {
  test('an unknown address', async () => expectProblem(await call('/v1/nothing?password=hunter2'), 404, 'NOT_FOUND'));

  test('a wrong method, with the right ones in Allow', async () => {
    const answer = await call('/v1/things/7?x=1', { method: 'DELETE' });
    expectProblem(answer, 405, 'METHOD_NOT_ALLOWED');
    expect(answer.headers.get('allow')).toBe('GET, HEAD, PUT');
  });

  test('malformed JSON, without quoting it', async () => {
    const answer = await call('/v1/things/7', json('PUT', '{"password":"hunter2",'));
    expectProblem(answer, 400, 'MALFORMED_REQUEST');
    expect(answer.body['detail']).toBe('The body is not valid JSON.');
  });

  test('a body that would change a prototype', async () =>
    expectProblem(await call('/v1/things/7', json('PUT', '{"__proto__":{"admin":true}}')), 400, 'MALFORMED_REQUEST'));

  test('a body of 300 KiB, whole or in chunks', async () => {
    const large = JSON.stringify({ text: 'x'.repeat(300 * 1_024) });
    const whole = await call('/v1/things/7', json('PUT', large));
    expectProblem(whole, 413, 'BODY_TOO_LARGE');
    expect(whole.body['detail']).toContain('262144 bytes');
    const chunked = { ...json('PUT', ''), body: new Blob([large]).stream(), duplex: 'half' } as RequestInit;
    expectProblem(await call('/v1/things/7', chunked), 413, 'BODY_TOO_LARGE');
  });

  test('a body of 300 KiB that arrives slowly: it is read to its end, so that the answer is not lost in a reset', async () => {
    const socket = connect(port, '127.0.0.1').setEncoding('utf8');
    socket.write(
      `PUT /v1/things/7 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${300 * 1_024}\r\n\r\n`,
    );
    for (let sent = 0; sent < 10; sent += 1) {
      await new Promise<void>((resolve, reject) =>
        socket.write('x'.repeat(30 * 1_024), (error) => (error ? reject(error) : resolve())),
      );
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect((await socket.toArray()).join('')).toMatch(/^HTTP\/1\.1 413 [^]*"code":"BODY_TOO_LARGE"/);
  });

  test('other content types, and a body without one', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', '']) {
      const init = { method: 'PUT', headers: { 'content-type': type }, body: Buffer.from('a=hunter2') };
      expectProblem(await call('/v1/things/7', init), 415, 'UNSUPPORTED_MEDIA_TYPE');
    }
  });

  test.each<[string, Buffer, string, number, string]>([
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0xff, 0x22]), '', 400, 'MALFORMED_REQUEST'],
    ['a surrogate, encoded', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), '', 400, 'MALFORMED_REQUEST'],
    ['UTF-16', Buffer.from('\ufeff{"a":1}', 'utf16le'), '', 400, 'MALFORMED_REQUEST'],
    ['UTF-16 without a mark', Buffer.from('{"a":1}', 'utf16le'), '', 400, 'MALFORMED_REQUEST'],
    ['ISO-8859-1', Buffer.from('"é"', 'latin1'), '; charset=iso-8859-1', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['UTF-16, and it says so', Buffer.from('{}', 'utf16le'), '; charset="utf-16"', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['two charsets', Buffer.from('{}'), '; charset=utf-8; charset=latin1', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'two charsets, the other way',
      Buffer.from('{}'),
      '; charset=latin1; charset=utf-8',
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['a charset without a value', Buffer.from('{}'), '; charset=', 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ])('a body in %s, whichever JSON type it has', async (_title, body, parameters, status, code) => {
    for (const type of ['application/json', 'application/problem+json', 'application/merge-patch+json'])
      expectProblem(
        await call('/v1/raw', { method: 'POST', headers: { 'content-type': type + parameters }, body }),
        status,
        code,
      );
  });

  test('a compressed body', async () => {
    const { headers, ...init } = json('POST', '{}');
    expectProblem(
      await call('/v1/raw', { ...init, headers: { ...headers, 'content-encoding': 'gzip' } }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    );
  });

  test('unknown fields and wrong values, all of them with their paths', async () => {
    const answer = await call(
      '/v1/things/7',
      json('PUT', { items: [{ quantity: 0 }, { quantity: 1.5, color: 'hunter2' }], extra: 1 }),
    );
    expectProblem(answer, 422, 'VALIDATION_FAILED');
    const paths = (answer.body['errors'] as { path: string }[]).map(({ path }) => path);
    expect(paths.sort()).toEqual(['/extra', '/items/0/quantity', '/items/1/color', '/items/1/quantity']);
  });

  test('a missing body, naming the fields that are missing', async () => {
    const answer = await call('/v1/things/7', { method: 'PUT' });
    expectProblem(answer, 422, 'VALIDATION_FAILED');
    expect(answer.body['errors']).toEqual([{ path: '/items', message: expect.any(String) }]);
  });

  test('a query or parameter that does not fit', async () => {
    expectProblem(await call('/v1/things?limit=101'), 422, 'VALIDATION_FAILED');
    expectProblem(await call('/v1/things?limit=1&sort=hunter2'), 422, 'VALIDATION_FAILED');
    expectProblem(await call(`/v1/things/${'x'.repeat(11)}`), 422, 'VALIDATION_FAILED');
    expect((await call('/v1/things')).body).toEqual({ limit: 20 });
  });

  test.each([
    ['not-found', 404, 'NOT_FOUND'],
    ['unknown', 500, 'INTERNAL'],
    ['nothing', 500, 'INTERNAL'],
    ['text', 500, 'INTERNAL'],
    ['nest', 400, 'MALFORMED_REQUEST'],
    ['teapot', 400, 'MALFORMED_REQUEST'],
    ['abort', 500, 'INTERNAL'],
  ])('whatever a handler throws (%s)', async (what, status, code) =>
    expectProblem(await call(`/v1/throw/${what}`), status, code),
  );

  test('bytes that are no HTTP', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.end('hunter2\r\n\r\n');
    const answer = (await socket.setEncoding('utf8').toArray()).join('');
    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*application\/problem\+json[^]*"code":"MALFORMED_REQUEST"/);
  });

  test('an address that cannot be decoded', async () => {
    const answer = await call('/v1/things/%zz');
    expect([answer.status, answer.body['code']]).toEqual([400, 'MALFORMED_REQUEST']);
  });
});

describe('Retry-After', () => {
  test('comes from the error, and every 503 has one', async () => {
    expect((await call('/v1/throw/database')).headers.get('retry-after')).toBe('7');
    expect((await call('/v1/throw/psp')).headers.get('retry-after')).toBe('2');
    expect((await call('/v1/throw/not-found')).headers.get('retry-after')).toBeNull();
  });

  test('a caller is told not to retry where we have done so already', async () => {
    expect((await call('/v1/throw/psp')).headers.get('causeway-no-retry')).toBe('1');
    expect((await call('/v1/throw/bulkhead')).headers.get('causeway-no-retry')).toBeNull();
  });

  test('a caller is told where there is only too much work', async () => {
    expect((await call('/v1/throw/bulkhead')).headers.get('causeway-overloaded')).toBe('1');
    expect((await call('/v1/throw/database')).headers.get('causeway-overloaded')).toBeNull();
  });
});

test('an unexpected error is logged in full under the trace id of its answer', async () => {
  const { body } = await call('/v1/throw/unknown');
  const line = lines.find(({ msg, trace_id }) => msg === 'unexpected error' && trace_id === body['traceId']);
  expect(line).toMatchObject({
    level: 'error',
    route: '/v1/throw/:what',
    err: { stack: expect.stringContaining('hunter2') },
  });
});

test('an answer that breaks off in the middle is cut, not completed', async () => {
  const response = await fetch(`${origin}/v1/half`);
  await expect(response.text()).rejects.toThrow();
});

describe('the deadline', () => {
  const within = (ms: string) => ({ headers: { 'causeway-deadline-ms': ms } });

  test('comes from the caller, capped by the setting; the setting is the default', async () => {
    const msOf = async (init?: RequestInit) =>
      Math.ceil(Number((await call('/v1/context', init)).body['deadlineMs']) / 500) * 500;
    expect([await msOf(within('1000')), await msOf(within('60000')), await msOf(within('soon')), await msOf()]).toEqual(
      [1_000, 2_000, 2_000, 2_000],
    );
  });

  test('that has passed is answered at once, and the work is not started', async () => {
    deadlines.length = 0;
    expectProblem(await call('/v1/context', within('0')), 504, 'DEADLINE_EXCEEDED');
    expect(deadlines).toEqual([]);
  });

  test('is that of each request, not of the first on the connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const left = async (body: string) => {
      const sent = httpRequest(`${origin}/v1/context`, {
        agent,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'causeway-deadline-ms': '300' },
      });
      sent.end(body);
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      return JSON.parse((await response.setEncoding('utf8').toArray()).join('')) as {
        deadlineMs: number;
        code?: string;
      };
    };
    expect((await left('{}')).deadlineMs).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 320));
    expect((await left('{}')).deadlineMs).toBeGreaterThan(0);
    agent.destroy();
  });

  test('can be another one, or none, for one route', async () => {
    expect((await call('/v1/stream')).body).toEqual({ deadline: false });
    expectProblem(await call('/v1/quick'), 504, 'DEADLINE_EXCEEDED');
  });

  test('that has passed is counted by route, whether the work was started or not', async () => {
    const counted = async (route: string) =>
      parseSamples((await scrapeMetrics())!)
        .filter(({ name, labels }) => name === 'http_server_expired_total' && labels['http_route'] === route)
        .reduce((sum, { value }) => sum + value, 0);
    const before = [await counted('/v1/context'), await counted('/v1/quick')] as const;
    await call('/v1/context', within('0'));
    await call('/v1/quick');
    await call('/v1/context');
    // A request ends when its response is closed, which its client may see earlier. Then the last call has ended, too.
    while ((await counted('/v1/context')) === before[0] || (await counted('/v1/quick')) === before[1]) await nextTurn();
    expect([await counted('/v1/context'), await counted('/v1/quick')]).toEqual([before[0] + 1, before[1] + 1]);
  });
});

describe('the trace', () => {
  const traceId = 'c'.repeat(32);
  const headers = { traceparent: `00-${traceId}-${'d'.repeat(16)}-01`, 'content-type': 'application/json' };

  test('of the caller is continued, with a body too, and named in the answer', async () => {
    for (const init of [
      { headers },
      { headers, method: 'POST', body: JSON.stringify({ text: 'x'.repeat(100_000) }) },
    ]) {
      const answer = await call('/v1/context', init);
      expect(answer.body).toMatchObject({ traceId, deadlineMs: expect.any(Number) });
      expect(answer.headers.get('x-trace-id')).toBe(traceId);
    }
  });

  test('each request leaves one line', async () => {
    await call('/v1/things/8', { headers });
    await call('/v1/nowhere?code=hunter2', { headers });
    const mine = () => lines.filter(({ msg, trace_id }) => msg === 'request' && trace_id === traceId).slice(-2);
    while (mine().at(-1)?.['path'] !== '/v1/nowhere') await new Promise(setImmediate);
    expect(mine()).toMatchObject([
      { level: 'info', method: 'GET', route: '/v1/things/:id', status: 200, ms: expect.any(Number) },
      { level: 'info', method: 'GET', path: '/v1/nowhere', status: 404, code: 'NOT_FOUND' },
    ]);
  });

  test('a client that hangs up leaves a line and nothing in flight', async () => {
    const controller = new AbortController();
    const sent = fetch(`${origin}/v1/quick?hang`, { signal: controller.signal }).catch((error: Error) => error.name);
    while (host.inFlight === 0) await new Promise(setImmediate);
    controller.abort();
    expect(await sent).toBe('AbortError');
    while (host.inFlight > 0) await new Promise(setImmediate);
    expect(lines.findLast(({ msg }) => msg === 'request')).toMatchObject({ route: '/v1/quick', status: 499 });
  });
});

describe('headers', () => {
  test('for security are on every answer, problems included', async () => {
    for (const path of ['/v1/things/7', '/v1/nothing', '/v1/throw/unknown']) {
      const { headers } = await call(path);
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
    }
  });

  test('a handler may say something else', async () =>
    expect((await call('/v1/cached')).headers.get('cache-control')).toBe('public, max-age=60'));
});

test('UTF-8 may be named in every way, and begin with a mark', async () => {
  const text = '{"items":[{"quantity":1}]}';
  for (const charset of ['utf-8', 'UTF-8', '"utf-8"', '"UTF-8"', 'utf8', 'utf-8; profile=x']) {
    const init = { method: 'PUT', headers: { 'content-type': `application/json ; Charset=${charset}` } };
    expect([charset, (await call('/v1/things/7', { ...init, body: text })).status]).toEqual([charset, 200]);
    expect((await call('/v1/things/7', { ...init, body: `\ufeff${text}` })).body).toEqual(JSON.parse(text));
  }
});

test('the bytes of a body are kept for signatures', async () => {
  const body = '{ "a":  1 }';
  expect((await call('/v1/raw', json('POST', body))).body).toEqual({ raw: body });
});

describe('an Idempotency-Key', () => {
  const post = (key?: string) => {
    const init = json('POST', {});
    return call('/v1/things', {
      ...init,
      headers: { ...init.headers, ...(key !== undefined && { 'idempotency-key': key }) },
    });
  };

  test('is required, and has 1 to 128 visible characters', async () => {
    expectProblem(await post(), 400, 'IDEMPOTENCY_KEY_REQUIRED');
    for (const bad of ['a b', 'x'.repeat(129), 'caf\u00e9'])
      expectProblem(await post(bad), 400, 'IDEMPOTENCY_KEY_INVALID');
  });

  test('brings back a stored answer, which says so', async () => {
    const answer = await post('k'.repeat(128));
    expect([answer.status, answer.headers.get('location'), answer.headers.get('idempotency-replayed')]).toEqual([
      202,
      '/v1/things/7',
      'true',
    ]);
    expect(answer.body).toEqual({ key: 'k'.repeat(128) });
  });
});
