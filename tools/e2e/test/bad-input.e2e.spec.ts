import { createHmac, randomUUID } from 'node:crypto';
import { problemContentType } from '@causeway/errors';
import { call, Shopper, type ApiResponse } from '@causeway/demo-client';
import { machineToken, newKey, useSystem } from '../src/system.js';
import type { Target } from '../src/target.js';

const running = useSystem();
let system: Target;
let customer: Shopper;
let good: { items: { productId: string; quantity: unknown }[]; shippingAddressId: string; paymentMethodToken: string };

beforeAll(async () => {
  system = running.system;
  customer = await Shopper.create(system.endpoints);
  const [address, [product]] = [await customer.addAddress(), await customer.products()];
  good = {
    items: [{ productId: product!.id, quantity: 1 }],
    shippingAddressId: address.id,
    paymentMethodToken: 'tok_success',
  };
});

const post = (body: unknown, headers: Record<string, string> = { 'idempotency-key': newKey() }) =>
  customer.call<Record<string, unknown>>('/v1/orders', { method: 'POST', body, headers });
const raw = async (path: string, init: RequestInit): Promise<ApiResponse<Record<string, unknown>>> => {
  const response = await fetch(new URL(path, system.urls.gateway), init);
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
    traceId: '',
    ms: 0,
  };
};
const json = (): Record<string, string> => ({
  authorization: `Bearer ${customer.accessToken}`,
  'content-type': 'application/json',
  'idempotency-key': newKey(),
});

/** Every refusal has the same shape, with code and remedy. */
function expectProblem(response: ApiResponse<unknown>, status: number, code: string): void {
  expect([response.status, response.body]).toMatchObject([
    status,
    { code, status, type: expect.stringMatching(/^urn:/), title: expect.any(String), remedy: expect.any(String) },
  ]);
  expect(response.headers.get('content-type')).toContain(problemContentType);
}

describe('an order body that is wrong', () => {
  test('malformed JSON', async () => {
    expectProblem(
      await raw('/v1/orders', { method: 'POST', headers: json(), body: '{"items": [' }),
      400,
      'MALFORMED_REQUEST',
    );
  });
  test('another content type', async () => {
    expectProblem(
      await raw('/v1/orders', { method: 'POST', headers: { ...json(), 'content-type': 'text/plain' }, body: 'x' }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    );
  });
  test('bytes that are not UTF-8, or another charset', async () => {
    const send = (body: Buffer, headers = {}) =>
      raw('/v1/orders', { method: 'POST', headers: { ...json(), ...headers }, body });
    const text = JSON.stringify({ ...good, paymentMethodToken: 'é' });
    expectProblem(await send(Buffer.from(text, 'latin1')), 400, 'MALFORMED_REQUEST');
    const latin1 = { 'content-type': 'application/json; charset=iso-8859-1' };
    expectProblem(await send(Buffer.from(text, 'latin1'), latin1), 415, 'UNSUPPORTED_MEDIA_TYPE');
    expectProblem(await send(Buffer.from(text), latin1), 415, 'UNSUPPORTED_MEDIA_TYPE');
  });
  test('300 KiB', async () => {
    expectProblem(
      await raw('/v1/orders', {
        method: 'POST',
        headers: json(),
        body: JSON.stringify({ ...good, note: 'x'.repeat(300 * 1024) }),
      }),
      413,
      'BODY_TOO_LARGE',
    );
  });
  test.each<[string, () => unknown, string]>([
    ['an unknown field', () => ({ ...good, discount: 10 }), '/discount'],
    ['a wrong type', () => ({ ...good, items: 'all' }), '/items'],
    ['no items', () => ({ ...good, items: [] }), '/items'],
    ...[0, -1, 1.5, 1e9].map((quantity): [string, () => unknown, string] => [
      `quantity ${quantity}`,
      () => ({ ...good, items: [{ ...good.items[0], quantity }] }),
      '/items/0/quantity',
    ]),
  ])('%s is refused with its path', async (_, body, path) => {
    const response = await post(body());
    expectProblem(response, 422, 'VALIDATION_FAILED');
    expect(response.body['errors']).toEqual([{ path, message: expect.any(String) }]);
  });
  test('an unknown product', async () => {
    expectProblem(await post({ ...good, items: [{ productId: randomUUID(), quantity: 1 }] }), 422, 'PRODUCT_UNKNOWN');
  });
  test('more than in stock', async () => {
    expectProblem(await post({ ...good, items: [{ ...good.items[0], quantity: 1000 }] }), 409, 'OUT_OF_STOCK');
  });
  test('another customer’s address', async () => {
    const stranger = await Shopper.create(system.endpoints);
    expectProblem(await post({ ...good, shippingAddressId: (await stranger.addAddress()).id }), 422, 'ADDRESS_UNKNOWN');
  });
});

describe('a request that leads nowhere', () => {
  test.each<[string, string, number, string]>([
    ['QUERY', '/v1/orders', 405, 'METHOD_NOT_ALLOWED'],
    ['GET', '/oidc/nowhere', 404, 'NOT_FOUND'],
    ['GET', '/oidc/token', 405, 'METHOD_NOT_ALLOWED'],
    ['GET', '/v1/products?cursor=%ff', 400, 'MALFORMED_REQUEST'],
    ['GET', '/v1/products/%ff', 400, 'MALFORMED_REQUEST'],
    ['GET', `/v1/products?cursor=${'a'.repeat(9_000)}`, 414, 'URI_TOO_LONG'],
  ])('%s %.40s', async (method, path, status, code) => {
    expectProblem(await raw(path, { method, headers: json() }), status, code);
  });
});

describe('idempotency keys', () => {
  test('missing', async () => expectProblem(await post(good, {}), 400, 'IDEMPOTENCY_KEY_REQUIRED'));
  test('unusable', async () =>
    expectProblem(await post(good, { 'idempotency-key': 'x'.repeat(129) }), 400, 'IDEMPOTENCY_KEY_INVALID'));
  test('used with another body', async () => {
    const key = { 'idempotency-key': newKey() };
    expect((await post(good, key)).status).toBe(202);
    expectProblem(await post({ ...good, paymentMethodToken: 'tok_declined' }, key), 422, 'IDEMPOTENCY_KEY_REUSED');
  });
  test('of another customer do not collide', async () => {
    const key = { 'idempotency-key': newKey() };
    const stranger = await Shopper.create(system.endpoints);
    const theirs = { ...good, shippingAddressId: (await stranger.addAddress()).id };
    expect((await post(good, key)).status).toBe(202);
    expect((await stranger.call('/v1/orders', { method: 'POST', body: theirs, headers: key })).status).toBe(202);
  });
});

describe('who may', () => {
  test('no token', async () => expectProblem(await call(system.urls.gateway, '/v1/orders'), 401, 'TOKEN_MISSING'));
  test('a token that was tampered with', async () => {
    const [header, payload, signature] = customer.accessToken.split('.');
    const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as Record<string, unknown>;
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: randomUUID() })).toString('base64url');
    const response = await call(system.urls.gateway, '/v1/orders', {
      headers: { authorization: `Bearer ${header}.${forged}.${signature}` },
    });
    expectProblem(response, 401, 'TOKEN_INVALID');
    expect(response.headers.get('www-authenticate')).toContain('Bearer');
  });
  test('a token signed with “none”', async () => {
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
    const response = await call(system.urls.gateway, '/v1/orders', {
      headers: { authorization: `Bearer ${none}.${customer.accessToken.split('.')[1]}.` },
    });
    expectProblem(response, 401, 'TOKEN_INVALID');
  });
  test('a machine without the scope', async () => {
    const authorization = `Bearer ${await machineToken(system, 'catalog:write')}`;
    expectProblem(await call(system.urls.gateway, '/v1/orders', { headers: { authorization } }), 403, 'SCOPE_MISSING');
  });
  test('another customer’s order and payment do not exist', async () => {
    const stranger = await Shopper.create(system.endpoints);
    const { body } = await customer.placeOrder(good as never);
    await customer.waitFor(body.id, ['CONFIRMED']);
    expectProblem(await stranger.call(`/v1/orders/${body.id}`), 404, 'NOT_FOUND');
    expectProblem(await stranger.call(`/v1/payments/${body.paymentId}`), 404, 'NOT_FOUND');
    expectProblem(await stranger.call(`/v1/orders/${body.id}/overview`), 404, 'NOT_FOUND');
    const headers = { 'idempotency-key': newKey() };
    expectProblem(
      await stranger.call(`/v1/orders/${body.id}/cancel`, { method: 'POST', body: {}, headers }),
      404,
      'NOT_FOUND',
    );
  });
});

describe('addresses and methods', () => {
  test('an unknown route', async () => expectProblem(await call(system.urls.gateway, '/v1/nothing'), 404, 'NOT_FOUND'));
  test('a route of a service that is not in the table', async () =>
    expectProblem(await call(system.urls.gateway, '/health/live'), 404, 'NOT_FOUND'));
  test('a wrong method names those that there are', async () => {
    const response = await call(system.urls.gateway, '/v1/products', { method: 'DELETE' });
    expectProblem(response, 405, 'METHOD_NOT_ALLOWED');
    expect(response.headers.get('allow')).toContain('GET');
  });
  test('an id that is none', async () => {
    expectProblem(await customer.call('/v1/orders/1'), 422, 'VALIDATION_FAILED');
  });
  test('a forged page cursor', async () =>
    expectProblem(await call(system.urls.gateway, '/v1/products?cursor=abc'), 400, 'CURSOR_INVALID'));
});

describe('registration', () => {
  const register = (body: unknown) =>
    call(system.urls.gateway, '/v1/users', { method: 'POST', body, headers: { 'idempotency-key': newKey() } });
  test('an address that is taken, in other letters', async () => {
    expectProblem(
      await register({ email: customer.email.toUpperCase(), password: 'a long enough one 7', displayName: 'X' }),
      409,
      'EMAIL_TAKEN',
    );
  });
  test('a password that is too short', async () => {
    expectProblem(
      await register({ email: 'short@example.com', password: 'short', displayName: 'X' }),
      422,
      'VALIDATION_FAILED',
    );
  });
  test('a common password', async () => {
    expectProblem(
      await register({ email: 'common@example.com', password: 'password1234', displayName: 'X' }),
      422,
      'PASSWORD_TOO_COMMON',
    );
  });
});

describe('changes', () => {
  const change = (headers: Record<string, string>) =>
    customer.call('/v1/users/me', { method: 'PATCH', body: { displayName: 'Countess' }, headers });
  test('need If-Match', async () => expectProblem(await change({}), 428, 'IF_MATCH_REQUIRED'));
  test('of something that has changed are refused', async () => {
    const { headers } = await customer.call('/v1/users/me');
    expect((await change({ 'if-match': headers.get('etag')! })).status).toBe(200);
    expectProblem(await change({ 'if-match': headers.get('etag')! }), 412, 'VERSION_STALE');
  });
});

describe('webhooks', () => {
  const body = JSON.stringify({
    id: `evt_${randomUUID()}`,
    type: 'charge.captured',
    createdAt: new Date().toISOString(),
    data: { chargeId: 'ch_1', reference: randomUUID() },
  });
  const send = (secret: string, ageSeconds = 0) => {
    const t = Math.floor(Date.now() / 1_000) - ageSeconds;
    const v1 = createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
    return fetch(new URL('/webhooks/psp', system.urls.gateway), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'psp-signature': `t=${t},v1=${v1}` },
      body,
    });
  };
  const problem = async (response: Response) => ({
    status: response.status,
    headers: response.headers,
    body: await response.json(),
    traceId: '',
    ms: 0,
  });
  test('with a bad signature', async () =>
    expectProblem(await problem(await send('another secret altogether')), 401, 'SIGNATURE_INVALID'));
  test('that are too old', async () =>
    expectProblem(await problem(await send(system.secrets.pspWebhookSecret, 301)), 401, 'SIGNATURE_TOO_OLD'));
  test('that are right are taken, twice as well', async () => {
    expect((await send(system.secrets.pspWebhookSecret)).status).toBe(204);
    expect((await send(system.secrets.pspWebhookSecret)).status).toBe(204);
  });
});
