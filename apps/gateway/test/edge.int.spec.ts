import { randomUUID } from 'node:crypto';
import { loadSettings } from '@causeway/config';
import { scopes } from '@causeway/contracts';
import { startTelemetry, telemetrySettings, type Telemetry } from '@causeway/telemetry';
import { respond } from '../src/testing/stub-service.js';
import { World } from '../src/testing/world.js';

let world: World;
let bearer: Record<string, string>;

beforeAll(async () => {
  world = await World.start();
  bearer = await world.bearer();
});
beforeEach(() => world.reset());
afterAll(() => world.end());

/** Asks `times` times; the statuses, in order. */
async function statuses(times: number, path: string, headers: Record<string, string> = {}): Promise<number[]> {
  const all: number[] = [];
  for (let call = 0; call < times; call += 1) all.push((await world.raw(path, headers)).resume().statusCode ?? 0);
  return all;
}

describe('tokens', () => {
  test.each<[string, () => Promise<Record<string, string>>, number, string]>([
    ['none', () => Promise.resolve({}), 401, 'TOKEN_MISSING'],
    ['nonsense', () => Promise.resolve({ authorization: 'Bearer nonsense' }), 401, 'TOKEN_INVALID'],
    ['expired', () => world.bearer('u', { expiresInSeconds: -60 }), 401, 'TOKEN_EXPIRED'],
    ['for another audience', () => world.bearer('u', { audience: 'urn:other' }), 401, 'TOKEN_INVALID'],
    ['without the scope', () => world.bearer('u', { scopes: [] }), 403, 'SCOPE_MISSING'],
  ])('%s: refused here, and no service is asked', async (_, headers, status, code) => {
    for (const path of [
      '/v1/users/me',
      `/v1/users/me/addresses/${randomUUID()}`,
      // demo
      `/v1/orders/${randomUUID()}/overview`,
      `/v1/orders/${randomUUID()}/events`,
      // end demo
    ]) {
      const response = await world.fetch(path, { headers: await headers() });
      expect([path, response.status, (await response.json()) as unknown]).toMatchObject([path, status, { code }]);
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
    expect(world.userCalls).toEqual([]);
  });

  test('a good one passes on to the service, which looks at it itself', async () => {
    expect((await world.fetch('/v1/users/me', { headers: bearer })).status).toBe(200);
    expect(world.userCalls[0]?.headers.authorization).toBe(bearer['authorization']);
  });

  // demo
  test('each scope opens its own routes', async () => {
    const machine = await world.bearer('ops', { clientId: 'ops', scopes: [scopes.catalogWrite] });
    const stock = await world.fetch(`/v1/products/${randomUUID()}/stock`, { method: 'PUT', headers: machine });
    // Nobody is there, but the gateway let it through.
    expect(stock.status).toBe(503);
    expect((await world.fetch('/v1/users/me', { headers: machine })).status).toBe(403);
    expect((await world.fetch('/v1/users/me', { headers: machine })).status).toBe(403);
  });
  // end demo

  test('HEAD is guarded as GET is', async () => {
    expect((await world.fetch('/v1/users/me', { method: 'HEAD' })).status).toBe(401);
    expect((await world.fetch(`/v1/users/me/addresses/${randomUUID()}`, { method: 'HEAD' })).status).toBe(401);
  });

  test('public routes need none, and do not look at one', async () => {
    const nonsense = { authorization: 'Bearer nonsense' };
    expect((await world.fetch('/openapi.json', { headers: nonsense })).status).toBe(200);
  });
});

describe('the trace', () => {
  let telemetry: Telemetry;
  beforeAll(async () => {
    const settings = loadSettings(telemetrySettings, {});
    telemetry = await startTelemetry({ service: 'gateway', version: '1', instanceId: '1', settings });
  });
  afterAll(() => telemetry.shutdown());

  test.each(['00', '01'])('is ours wherever a request comes in, whatever the caller says (flags %s)', async (flags) => {
    const theirs = 'c'.repeat(32);
    const headers = { traceparent: `00-${theirs}-${'d'.repeat(16)}-${flags}`, tracestate: 'a=1', baggage: 'a=1' };
    const own = `/v1/users/me/addresses/${randomUUID()}`;
    const requests: [method: string, path: string][] = [
      ...['/oidc/jwks', '/.well-known/openid-configuration', '/docs/', '/openapi.json'].map(
        (path): [string, string] => ['GET', path],
      ),
      ...[own, '/v1/users/me', '/nowhere', '/v1/%ff'].map((path): [string, string] => ['GET', path]),
      // demo
      ...['overview', 'events'].map((view): [string, string] => ['GET', `/v1/orders/${randomUUID()}/${view}`]),
      ['POST', '/webhooks/psp'],
      // end demo
      ['POST', '/oidc/token'],
      ['POST', '/v1/users'],
      ['PROPFIND', '/v1/users'],
    ];
    const seen = new Set<string>();
    for (const [method, path] of requests) {
      const { headers: answered } = (await world.raw(path, { ...bearer, ...headers }, method)).resume();
      expect([path, answered['x-trace-id']]).toEqual([path, expect.stringMatching(/^(?!c{32})[0-9a-f]{32}$/)]);
      seen.add(String(answered['x-trace-id']));
    }
    const received = world.userCalls;
    expect(received.length).toBeGreaterThanOrEqual(6);
    for (const { url, headers: passed } of received) {
      const traceId = passed['traceparent']?.toString().split('-')[1];
      expect([url, seen.has(traceId ?? ''), passed['tracestate'], passed['baggage']]).toEqual([
        url,
        true,
        undefined,
        undefined,
      ]);
    }
  });
});

describe('limits', () => {
  test('the problem says so, and when to come back', async () => {
    await world.startGateway({ RATE_LIMIT_PER_MINUTE: '2' });
    const headers = await world.bearer();
    expect(await statuses(2, '/v1/users/me', headers)).toEqual([200, 200]);
    const response = await world.fetch('/v1/users/me', { headers });
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(await response.json()).toMatchObject({ status: 429, code: 'RATE_LIMITED', remedy: expect.any(String) });
    const retryAfter = Number(response.headers.get('retry-after'));
    expect([retryAfter > 0, retryAfter <= 60]).toEqual([true, true]);
    expect(response.headers.get('ratelimit-limit')).toBe('2');
    expect(response.headers.get('ratelimit-remaining')).toBe('0');
    expect(world.userCalls).toHaveLength(2);
  });

  test('a person is counted by token, wherever they ask; others are not touched', async () => {
    await world.startGateway({ RATE_LIMIT_PER_MINUTE: '3' });
    world.onUser((_received, response) => respond(response, 404, { code: 'NOT_FOUND', detail: 'no' }));
    const [one, other] = [await world.bearer('one'), await world.bearer('other')];
    const address = `/v1/users/me/addresses/${randomUUID()}`;
    expect(await statuses(2, '/v1/users/me', one)).toEqual([404, 404]);
    expect(await statuses(2, address, one)).toEqual([404, 429]);
    expect(await statuses(1, '/v1/users/me', other)).toEqual([404]);
    expect(await statuses(1, '/openapi.json')).toEqual([200]);
  });

  test('who has no valid token is counted by address: forged tokens, unknown addresses, wrong methods, pages', async () => {
    await world.startGateway({ RATE_LIMIT_PER_MINUTE: '5' });
    expect(await statuses(1, '/v1/users/me', { authorization: 'Bearer forged-1' })).toEqual([401]);
    expect(await statuses(1, '/v1/users/me', { authorization: 'Bearer forged-2' })).toEqual([401]);
    expect(await statuses(1, '/nowhere')).toEqual([404]);
    expect(await statuses(1, '/v1/users')).toEqual([405]);
    expect(await statuses(1, '/openapi.json')).toEqual([200]);
    expect(await statuses(1, '/v1/users/me', { authorization: 'Bearer forged-3' })).toEqual([429]);
    expect(await statuses(1, '/nowhere')).toEqual([429]);
    expect(await statuses(1, '/docs')).toEqual([429]);
  });

  test('sign-in and registration have one of their own', async () => {
    await world.startGateway({
      RATE_LIMIT_PER_MINUTE: '1',
      RATE_LIMIT_SIGN_IN_PER_MINUTE: '3',
    });
    expect(await statuses(2, '/openapi.json')).toEqual([200, 429]);
    expect(await statuses(2, '/oidc/auth?client_id=x')).toEqual([200, 200]);
    const register = async () => (await world.raw('/v1/users', {}, 'POST')).resume().statusCode;
    expect([await register(), await register()]).toEqual([200, 429]);
    expect(await statuses(1, '/.well-known/openid-configuration')).toEqual([429]);
  });

  // demo
  test('webhooks have one of their own', async () => {
    await world.startGateway({ RATE_LIMIT_PER_MINUTE: '1', RATE_LIMIT_WEBHOOK_PER_MINUTE: '2' });
    const report = async () => (await world.raw('/webhooks/psp', {}, 'POST')).resume().statusCode;
    expect([await report(), await report(), await report()]).toEqual([503, 503, 429]);
  });
  // end demo

  test('X-Forwarded-For is believed only of a proxy that is named', async () => {
    const from = (address: string) => ({ 'x-forwarded-for': address });
    await world.startGateway({ RATE_LIMIT_SIGN_IN_PER_MINUTE: '1' });
    expect(await statuses(1, '/oidc/jwks', from('1.1.1.1'))).toEqual([200]);
    expect(await statuses(1, '/oidc/jwks', from('2.2.2.2'))).toEqual([429]);

    await world.startGateway({ RATE_LIMIT_SIGN_IN_PER_MINUTE: '1', TRUST_PROXY: '127.0.0.0/8, 10.0.0.0/8' });
    world.reset();
    expect(await statuses(2, '/oidc/jwks', from('1.1.1.1'))).toEqual([200, 429]);
    // What a client puts in front is not its address.
    expect(await statuses(1, '/oidc/jwks', from('3.3.3.3, 1.1.1.1'))).toEqual([429]);
    expect(await statuses(1, '/oidc/jwks', from('9.9.9.9, 2.2.2.2, 10.0.0.7'))).toEqual([200]);
    expect(world.userCalls.map(({ headers }) => headers['x-forwarded-for'])).toEqual(
      expect.arrayContaining(['1.1.1.1', '2.2.2.2']),
    );
    expect(world.userCalls).toHaveLength(2);
  });

  test('an IPv6 client is its /64, an IPv4 one the same in every notation', async () => {
    await world.startGateway({ RATE_LIMIT_PER_MINUTE: '2', TRUST_PROXY: '127.0.0.0/8' });
    const from = async (...addresses: string[]) => {
      const all: number[] = [];
      for (const address of addresses)
        all.push(...(await statuses(1, '/openapi.json', { 'x-forwarded-for': address })));
      return all;
    };
    expect(await from('2001:db8::1', '2001:DB8:0:0:1::2', '[2001:db8::3]:443', '2001:db8:0:1::1')).toEqual([
      200, 200, 429, 200,
    ]);
    expect(await from('192.0.2.7', '::ffff:192.0.2.7', '::ffff:c000:207', '192.0.2.7:5000', '192.0.2.8')).toEqual([
      200, 200, 429, 429, 200,
    ]);
  });
});
