import { randomUUID } from 'node:crypto';
import { respond } from '../src/testing/stub-service.js';
import { World } from '../src/testing/world.js';

const shop = 'https://shop.example.org';
const address = `/v1/users/me/addresses/${randomUUID()}`;

let world: World;
beforeAll(async () => {
  world = await World.start({ CORS_ORIGINS: `${shop},http://127.0.0.1:5173` });
});
beforeEach(() => world.reset());
afterAll(() => world.end());

const preflight = (path: string, origin: string, method = 'PUT') =>
  world.fetch(path, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': 'authorization' },
  });

/** Headers of the CORS protocol. */
const corsOf = ({ headers }: Response): string[] =>
  [...headers.keys()].filter((name) => name.startsWith('access-control-'));

/** Every kind of address: forwarded, the gateway's own, of the protocol, and one that does not exist. */
const paths = ['/v1/users/me', address, '/oidc/token', '/oidc/jwks', '/.well-known/openid-configuration', '/nowhere'];

describe('an origin of the list', () => {
  test.each(paths)('may send a request with a token to %s', async (path) => {
    for (const origin of [shop, 'http://127.0.0.1:5173']) {
      const response = await preflight(path, origin);
      expect([response.status, Object.fromEntries(response.headers)]).toEqual([
        204,
        expect.objectContaining({
          'access-control-allow-origin': origin,
          'access-control-allow-methods': expect.stringMatching(/\bPUT\b/),
          'access-control-allow-headers': expect.stringMatching(/authorization.*if-match.*idempotency-key/),
          vary: 'Origin',
        }),
      ]);
    }
    expect(world.userCalls).toEqual([]);
  });

  test.each(paths)('may read the response of %s, be it a refusal, and never with credentials', async (path) => {
    for (const headers of [{}, await world.bearer()]) {
      const response = await world.fetch(path, { headers: { ...headers, origin: shop } });
      expect(response.headers.get('access-control-allow-origin')).toBe(shop);
      expect(response.headers.get('access-control-expose-headers')).toMatch(/etag.*x-trace-id/);
      expect(response.headers.get('access-control-allow-credentials')).toBeNull();
      expect(response.headers.get('vary')).toMatch(/Origin/);
    }
  });
});

describe.each([
  ['another site', 'https://evil.example'],
  ['a longer name', `${shop}.evil.example`],
  ['another scheme', shop.replace('https', 'http')],
  ['another port', `${shop}:8443`],
  ['a file or a sandboxed frame', 'null'],
  ['no site at all', '*'],
])('a foreign origin, %s,', (_title, origin) => {
  test.each(paths)('gets no permission at %s', async (path) => {
    const asked = await preflight(path, origin);
    expect([corsOf(asked), asked.headers.get('vary')]).toEqual([[], expect.stringMatching(/Origin/)]);
    const response = await world.fetch(path, { headers: { ...(await world.bearer()), origin } });
    expect([corsOf(response), response.headers.get('vary')]).toEqual([[], expect.stringMatching(/Origin/)]);
  });
});

test('what a service says about other origins does not come through, and what it varies by stays', async () => {
  world.onUser((_request, response) => {
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-credentials', 'true');
    response.setHeader('vary', 'Accept');
    respond(response, 200, {});
  });
  const foreign = await world.fetch('/oidc/jwks', { headers: { origin: 'https://evil.example' } });
  expect([corsOf(foreign), foreign.headers.get('vary')]).toEqual([[], 'Accept, Origin']);
  const own = await world.fetch('/oidc/jwks', { headers: { origin: shop } });
  expect(own.headers.get('access-control-allow-origin')).toBe(shop);
  expect(own.headers.get('access-control-allow-credentials')).toBeNull();
});

test('a caller that is no browser notices nothing', async () => {
  const response = await world.fetch('/v1/users/me', { headers: await world.bearer() });
  expect([response.status, corsOf(response)]).toEqual([200, []]);
});

test('OPTIONS that is no preflight is answered as without a list', async () => {
  const response = await world.fetch(address, { method: 'OPTIONS', headers: { origin: shop } });
  expect([response.status, response.headers.get('allow')]).toEqual([405, expect.stringContaining('PUT')]);
});

describe('without a list', () => {
  beforeAll(() => world.startGateway());

  test.each(paths)('nobody gets permission at %s', async (path) => {
    for (const response of [
      await preflight(path, shop),
      await world.fetch(path, { headers: { ...(await world.bearer()), origin: shop } }),
    ])
      expect([corsOf(response), response.headers.get('vary')]).toEqual([[], null]);
  });
});
