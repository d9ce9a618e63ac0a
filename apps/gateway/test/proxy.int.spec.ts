import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import { policies } from '@causeway/resilience';
import { respond, StubService } from '../src/testing/stub-service.js';
import { eventually, World } from '../src/testing/world.js';

let world: World;
let bearer: Record<string, string>;

beforeAll(async () => {
  world = await World.start();
  bearer = await world.bearer();
});
beforeEach(() => world.reset());
afterAll(() => world.end());

const problem = async (response: Response) => ({
  status: response.status,
  ...((await response.json()) as { code: string; detail: string }),
});
const post = (headers: Record<string, string> = {}, body = '{"a": 1}') =>
  world.fetch('/v1/users/me/addresses', {
    method: 'POST',
    headers: { ...bearer, 'content-type': 'application/json', ...headers },
    body,
  });
const unavailable: StubService['handler'] = (_received, response) =>
  respond(response, 503, { code: 'DATABASE_UNAVAILABLE' }, { 'retry-after': '7' });

/** Runs with one of the two instances gone; enough requests that some are tried there first. */
async function withOneGone(run: () => Promise<void>): Promise<void> {
  const [gone] = world.users;
  await gone.stop();
  try {
    for (let round = 0; round < 8; round += 1) await run();
  } finally {
    world.users[0] = await StubService.start(gone.port);
  }
}

describe('what passes', () => {
  test('method, path, query and body, byte for byte; and the answer as it is', async () => {
    world.onUser((_received, response) =>
      respond(response, 201, { ok: true }, { location: '/v1/x', etag: '"7"', 'set-cookie': ['a=1', 'b=2'] }),
    );
    const body = `{ "id":"evt_1",\n "amount": 1.50, "text":"\\u00e4ä${randomBytes(8).toString('hex')}" }`;
    const signature = createHmac('sha256', 'secret').update(body).digest('hex');
    const response = await world.fetch('/oidc/token?a=%2F&b=%20c', {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8', 'x-signature': signature },
      body,
    });
    const [received] = world.userCalls;
    expect(received).toMatchObject({ method: 'POST', url: '/oidc/token?a=%2F&b=%20c' });
    expect(received?.body.equals(Buffer.from(body))).toBe(true);
    expect(createHmac('sha256', 'secret').update(received!.body).digest('hex')).toBe(received?.headers['x-signature']);
    expect(received?.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ ok: true });
    expect([response.headers.get('location'), response.headers.get('etag')]).toEqual(['/v1/x', '"7"']);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  test('an answer of 32 MiB streams; the gateway never holds more than a little of it', async () => {
    const chunk = randomBytes(65_536);
    let sent = 0;
    world.onUser(async (_received, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      for (; sent < 512; sent += 1) if (!response.write(chunk)) await once(response, 'drain');
      response.end();
    });
    const response = await world.raw('/oidc/jwks');
    response.pause();
    await sleep(300);
    expect(sent).toBeLessThan(300); // what is not read waits at the service
    let bytes = 0;
    for await (const part of response) bytes += (part as Buffer).length;
    expect(bytes).toBe(512 * chunk.length);
  });

  test('an answer that takes longer than the deadline, as long as it moves', async () => {
    world.onUser(async (_received, response) => {
      response.writeHead(200);
      for (let part = 0; part < 5; part += 1) {
        response.write('x');
        await sleep(250);
      }
      response.end();
    });
    const response = await world.fetch('/oidc/jwks', { headers: { 'causeway-deadline-ms': '1000' } });
    expect(await response.text()).toBe('xxxxx');
  });

  test('an answer without a body, HEAD, and a 5xx in any encoding', async () => {
    world.onUser((_received, response) => void response.writeHead(204).end());
    const gone = await world.fetch(`/v1/users/me/addresses/${randomUUID()}`, { method: 'DELETE', headers: bearer });
    expect([gone.status, await gone.text()]).toEqual([204, '']);
    world.reset();

    world.onUser((_received, response) => void response.writeHead(200, { 'content-length': '1234' }).end());
    const head = await world.fetch('/oidc/jwks', { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), world.userCalls[0]?.method]).toEqual([
      200,
      '1234',
      'HEAD',
    ]);

    const bytes = Buffer.from([0, 255, 128, 7]);
    world.onUser((_received, response) => void response.writeHead(500, { 'content-type': 'x/y' }).end(bytes));
    const failed = await world.fetch('/oidc/jwks');
    expect([failed.status, Buffer.from(await failed.arrayBuffer()).equals(bytes)]).toEqual([500, true]);
  });

  test('a request in absolute form goes to the same place', async () => {
    expect((await world.raw('http://elsewhere.example/oidc/jwks?limit=1')).statusCode).toBe(200);
    expect(world.userCalls[0]?.url).toBe('/oidc/jwks?limit=1');
  });
});

describe('headers', () => {
  test('those of the connection, and claims that only we may make, do not pass', async () => {
    await world.raw('/oidc/jwks', {
      connection: 'close, X-Private',
      'x-private': '1',
      'keep-alive': 'timeout=5',
      te: 'trailers',
      'proxy-authorization': 'Basic eA==',
      expect: '100-continue',
      forwarded: 'for=1.2.3.4',
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-proto': 'https',
      'x-forwarded-prefix': '/evil',
      'x-real-ip': '1.2.3.4',
      'causeway-something': '1',
      baggage: 'a=b',
      'x-mine': 'kept',
      'accept-language': 'zh',
    });
    const { headers } = world.userCalls[0]!;
    expect(headers).toMatchObject({
      host: expect.stringMatching(/^127\.0\.0\.1:/),
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-mine': 'kept',
      'accept-language': 'zh',
    });
    for (const name of ['x-private', 'te', 'proxy-authorization', 'expect', 'forwarded', 'x-forwarded-prefix'])
      expect([name, headers[name]]).toEqual([name, undefined]);
    for (const name of ['x-real-ip', 'causeway-something', 'baggage', 'keep-alive'])
      expect([name, headers[name]]).toEqual([name, undefined]);
  });

  test('of a client, and of an answer, may have bytes above ASCII, which pass as they are', async () => {
    world.onUser((_received, response) => respond(response, 200, {}, { 'x-bytes': 'caf\u00e9' }));
    const { headers } = await world.raw('/oidc/jwks', { 'x-bytes': 'caf\u00e9' });
    expect([world.userCalls[0]?.headers['x-bytes'], headers['x-bytes']]).toEqual(['caf\u00e9', 'caf\u00e9']);
  });

  test('those of the service’s connection do not pass back', async () => {
    world.onUser((_received, response) =>
      respond(response, 200, {}, { connection: 'keep-alive, x-inner', 'x-inner': '1', 'x-outer': '2' }),
    );
    const { headers } = await world.raw('/oidc/jwks', { connection: 'close' });
    expect([headers['x-inner'], headers['x-outer'], headers.connection]).toEqual([undefined, '2', 'close']);
  });

  test('that say what a browser may do come from the service that made the response', async () => {
    const own = {
      'content-type': 'text/html',
      'content-security-policy': "default-src 'self'",
      'cache-control': 'private',
    };
    world.onUser((_received, response) => void response.writeHead(200, own).end('<p>'));
    const page = await world.fetch('/oidc/session/end');
    expect(Object.fromEntries(page.headers)).toMatchObject(own);
    expect([page.headers.get('x-frame-options'), page.headers.get('referrer-policy')]).toEqual([null, null]);

    world.onUser((_received, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end());
    expect((await world.fetch('/oidc/session/end')).headers.get('content-security-policy')).toBeNull();
    for (const path of ['/nowhere', '/v1/users/me', '/openapi.json'])
      expect((await world.fetch(path)).headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  test('a path with dots is refused, however it is written', async () => {
    for (const path of ['/oidc/../v1/users/me', '/oidc/%2e%2e/v1', '/oidc/a/..%2Fb', '/oidc/.%2e\\x', '/oidc/..'])
      expect([path, (await world.raw(path)).statusCode]).toEqual([path, 400]);
    expect(world.userCalls).toEqual([]);
    expect((await world.raw('/oidc/.well/a..b/...')).statusCode).toBe(200);
  });
});

describe('the deadline', () => {
  test('is passed on; a client may shorten it, not prolong it', async () => {
    const asked = async (deadline?: string) => {
      world.reset();
      await world.fetch('/oidc/jwks', {
        headers: deadline === undefined ? {} : { 'causeway-deadline-ms': deadline },
      });
      return Number(world.userCalls[0]?.headers['causeway-deadline-ms']);
    };
    expect(await asked()).toBeGreaterThan(2_000);
    expect(await asked('60000')).toBeLessThanOrEqual(3_000);
    const short = await asked('2000');
    expect([short > 100, short <= 2_000]).toEqual([true, true]);
  });

  test('that passes is a 504, and ends the call to the service', async () => {
    let closed = false;
    world.onUser((_received, response) => void response.once('close', () => (closed = true)));
    const response = await world.fetch('/oidc/jwks', { headers: { 'causeway-deadline-ms': '200' } });
    expect(await problem(response)).toMatchObject({ status: 504, code: 'DEADLINE_EXCEEDED' });
    await eventually(() => closed);
    expect(world.userCalls).toHaveLength(1);
  });

  test('that a client made too short is not held against the service', async () => {
    world.onUser(() => undefined);
    const hurried = { headers: { 'causeway-deadline-ms': '20' } };
    const all = await Promise.all(Array.from({ length: 40 }, () => world.fetch('/oidc/jwks', hurried)));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([504]));
    world.reset();
    expect((await world.fetch('/oidc/jwks')).status).toBe(200);
  });
});

describe('a client that hangs up', () => {
  test('before the answer: the call to the service ends, too, and is not repeated', async () => {
    let closed = false;
    world.onUser((_received, response) => void response.once('close', () => (closed = true)));
    const leaving = new AbortController();
    const response = world.fetch('/oidc/jwks', { signal: leaving.signal });
    await eventually(() => world.userCalls.length === 1);
    leaving.abort();
    await expect(response).rejects.toThrow('abort');
    await eventually(() => closed, 1_000); // long before the deadline would end it
    await sleep(100);
    expect(world.userCalls).toHaveLength(1);
    expect(policies().find(({ name }) => name === 'forward.user')?.bulkhead?.active).toBe(0);
  });

  test('in the middle of the answer: the service stops sending', async () => {
    let closed = false;
    world.onUser((_received, response) => {
      response.once('close', () => (closed = true));
      response.writeHead(200).write('first');
    });
    const leaving = new AbortController();
    const response = await world.fetch('/oidc/jwks', { signal: leaving.signal });
    leaving.abort();
    await expect(response.text()).rejects.toThrow('abort');
    await eventually(() => closed);
  });

  test('does not open the breaker', async () => {
    world.onUser(() => undefined);
    const leaving = new AbortController();
    const all = Array.from({ length: 40 }, () => world.fetch('/oidc/jwks', { signal: leaving.signal }));
    await eventually(() => world.userCalls.length === 40);
    leaving.abort();
    await Promise.allSettled(all);
    world.reset();
    expect((await world.fetch('/oidc/jwks')).status).toBe(200);
  });
});

describe('retries', () => {
  beforeEach(() => world.startGateway());
  afterAll(() => world.startGateway());

  test('a refused connection: another instance answers, also a POST without a key', async () => {
    await withOneGone(async () => {
      world.users[1].received = [];
      expect((await post()).status).toBe(200);
      expect(world.users[1].received).toHaveLength(1);
      expect(world.users[1].received[0]?.body.toString()).toBe('{"a": 1}');
    });
  });

  test('a connection that breaks after the request was sent: a GET and a POST with a key go to the other one', async () => {
    const [one, two] = world.users;
    const hangUp: StubService['handler'] = (_received, _response, request) => request.socket.destroy();
    for (const [broken, well] of [
      [one, two],
      [two, one],
    ] as const) {
      world.reset();
      await world.startGateway();
      broken.handler = hangUp;
      for (let round = 0; round < 4; round += 1) {
        expect((await world.fetch('/oidc/jwks')).status).toBe(200);
        expect((await post({ 'idempotency-key': randomUUID() })).status).toBe(200);
      }
      expect(well.received).toHaveLength(8);
    }
  });

  test('… but not a POST without a key: it may have been done', async () => {
    world.onUser((_received, _response, request) => request.socket.destroy());
    expect(await problem(await post())).toMatchObject({ status: 503, code: 'DEPENDENCY_UNAVAILABLE' });
    expect(world.userCalls).toHaveLength(1);
  });

  test('a 503 is tried once more, on the other instance', async () => {
    world.onUser(unavailable);
    const response = await world.fetch('/oidc/jwks');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('7');
    expect(await response.json()).toEqual({ code: 'DATABASE_UNAVAILABLE' });
    expect(world.users.map(({ received }) => received.length)).toEqual([1, 1]);
    expect(world.userCalls.map(({ headers }) => Number(headers['causeway-deadline-ms'])).every(Boolean)).toBe(true);
  });

  test('headers of an answer that was replaced are gone', async () => {
    let calls = 0;
    world.onUser((_received, response) =>
      ++calls === 1
        ? respond(response, 503, {}, { 'x-first': '1', 'set-cookie': 'first=1' })
        : respond(response, 200, { calls }),
    );
    const response = await world.fetch('/oidc/jwks');
    expect([response.status, await response.json()]).toEqual([200, { calls: 2 }]);
    expect([response.headers.get('x-first'), response.headers.getSetCookie()]).toEqual([null, []]);
  });

  test('a 503 with causeway-no-retry, to a POST without a key, and any other status are final', async () => {
    world.onUser((_received, response) => respond(response, 503, {}, { 'causeway-no-retry': '1' }));
    expect((await world.fetch('/oidc/jwks')).status).toBe(503);
    expect(world.userCalls).toHaveLength(1);

    world.reset();
    world.onUser(unavailable);
    expect((await post()).status).toBe(503);
    expect(world.userCalls).toHaveLength(1);

    for (const status of [404, 409, 429, 500, 502]) {
      world.reset();
      world.onUser((_received, response) => respond(response, status, { code: 'X' }));
      expect((await world.fetch('/oidc/jwks')).status).toBe(status);
      expect([status, world.userCalls.length]).toEqual([status, 1]);
    }
  });
});

test('an answer that breaks off in the middle is cut off for the client, too', async () => {
  world.onUser((_received, response, request) => {
    response.writeHead(200, { 'content-length': '100' }).write('half');
    setTimeout(() => request.socket.destroy(), 20);
  });
  const response = await world.fetch('/oidc/jwks');
  await expect(response.text()).rejects.toThrow();
});

test('the breaker opens for a service that fails, and only for that one', async () => {
  await world.startGateway();
  world.onUser((_received, response) => respond(response, 500, {}));
  for (let call = 0; call < 20; call += 1) await world.fetch('/oidc/jwks');
  const calls = world.userCalls.length;
  const refused = await world.fetch('/oidc/jwks');
  expect(refused.headers.get('retry-after')).toMatch(/^[1-5]$/);
  expect(refused.headers.get('causeway-no-retry')).toBe('1');
  expect(await problem(refused)).toMatchObject({ status: 503, code: 'CIRCUIT_OPEN' });
  expect(world.userCalls).toHaveLength(calls);
  // demo
  expect(await problem(await world.fetch('/v1/products'))).toMatchObject({ code: 'NO_ENDPOINT' });
  // end demo
  await world.startGateway();
});

test('4xx do not open the breaker', async () => {
  world.onUser((_received, response) => respond(response, 409, {}));
  for (let call = 0; call < 30; call += 1) expect((await world.fetch('/oidc/jwks')).status).toBe(409);
});

describe('a body', () => {
  test('above 256 KiB is a 413 and goes nowhere, with a length or in chunks', async () => {
    const big = 'x'.repeat(262_145);
    expect(await problem(await post({}, big))).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
    const chunks = new ReadableStream({
      start(controller) {
        for (let part = 0; part < 5; part += 1) controller.enqueue(Buffer.alloc(60_000, 120));
        controller.close();
      },
    });
    const init = { method: 'POST', headers: { ...bearer, 'content-type': 'application/json' }, body: chunks };
    const chunked = await world.fetch('/v1/users/me/addresses', { ...init, duplex: 'half' } as RequestInit);
    expect(await problem(chunked)).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
    expect(world.userCalls).toEqual([]);
  });

  test('of exactly 256 KiB passes, of any type', async () => {
    const body = 'x'.repeat(262_144);
    expect((await post({ 'content-type': 'text/plain' }, body)).status).toBe(200);
    expect(world.userCalls[0]?.body.length).toBe(262_144);
    expect(world.userCalls[0]?.headers['content-length']).toBe('262144');
  });

  test('of a GET is ignored, not passed on and not a failure', async () => {
    const response = await world.raw('/oidc/jwks', { 'content-length': '5' }, 'GET', 'hello');
    expect([response.statusCode, world.userCalls[0]?.body.length]).toEqual([200, 0]);
  });

  test('that stops arriving does not reach a service', async () => {
    const { hostname, port } = new URL(world.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      'POST /oidc/token HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{"a"',
    );
    await sleep(100);
    socket.destroy();
    await sleep(100);
    expect(world.userCalls).toEqual([]);
  });
});

test('what is not in the contracts is not there', async () => {
  for (const path of ['/health/live', '/governance', '/v1/users/x/secret', '/oidc', '/v2/users', '/v1/users'])
    expect([path, (await world.raw(path)).statusCode]).toEqual([path, path === '/v1/users' ? 405 : 404]);
  expect(await text(await world.raw('/v1/users', {}, 'PUT'))).toContain('METHOD_NOT_ALLOWED');
  expect(world.userCalls).toEqual([]);
});

// Last: the gateway does not go on after it.
test('while the process stops, what is passed on asks to leave the connection, whatever the service said of its own', async () => {
  const said = async (status: number, method = 'GET') => {
    world.onUser((_received, response) => respond(response, status, {}, { connection: 'keep-alive' }));
    const response = await world.fetch('/oidc/jwks', { method });
    return [response.status, response.headers.get('connection')];
  };
  expect(await said(200)).toEqual([200, 'keep-alive']);
  world.host.beginStop(60_000);
  for (const status of [200, 204, 304, 404, 503]) expect(await said(status)).toEqual([status, 'close']);
  expect(await said(200, 'HEAD')).toEqual([200, 'close']);
});
