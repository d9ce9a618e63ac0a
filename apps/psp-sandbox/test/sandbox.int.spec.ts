import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadSettings } from '@causeway/config';
import { createApp, hostSettings } from '@causeway/service-host';
import { telemetrySettings } from '@causeway/telemetry';
import { createDatabase, type TestDatabase } from '@causeway/testkit';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { settings } from '../src/config.js';
import { migrations } from '../src/migrations.js';
import { service } from '../src/service.js';

interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

const apiKey = 'test-api-key-0123456789';
const webhookSecret = 'test-webhook-secret-0123456789';
let database: TestDatabase;
let receiver: Server;
let app: NestFastifyApplication;
let url: string;
const received: Received[] = [];
/** What the merchant answers to the next webhooks; 204 afterwards. */
const webhookAnswers: number[] = [];
let keys = 0;

beforeAll(async () => {
  database = await createDatabase({ migrations });
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      response.writeHead(webhookAnswers.shift() ?? 204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const values = loadSettings(
    { ...telemetrySettings, ...hostSettings, ...settings },
    {
      HTTP_PORT: '0',
      MANAGEMENT_PORT: '0',
      LOG_LEVEL: 'fatal',
      DATABASE_URL: database.url,
      PSP_API_KEY: apiKey,
      PSP_WEBHOOK_URL: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/webhooks/psp`,
      PSP_WEBHOOK_SECRET: webhookSecret,
      PSP_WEBHOOK_CHAOS: '0',
      PSP_SLOW_MS: '600',
    },
  );
  app = await createApp(service, values);
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});

afterAll(async () => {
  await app?.close();
  receiver?.close();
  await database?.drop();
});

const call = (
  method: string,
  path: string,
  { body, key, headers = {} }: { body?: unknown; key?: string; headers?: object } = {},
) =>
  fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${apiKey}`,
      ...(key !== undefined && { 'idempotency-key': key }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
const post = async (path: string, body: unknown = {}, key = `key-${++keys}`) => {
  const response = await call('POST', path, { body, key });
  return { status: response.status, body: (await response.json()) as Json, headers: response.headers };
};
/** Parsed JSON whose shape the assertions check. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Json = Record<string, any>;
const get = async (path: string) => (await (await call('GET', path)).json()) as Json;
const request = (reference: string, paymentMethodToken = 'tok_success') => ({
  reference,
  amountMinor: 1_999,
  currency: 'EUR',
  paymentMethodToken,
});
const until = async (condition: () => boolean, limitMs = 5_000) => {
  for (const end = Date.now() + limitMs; !condition() && Date.now() < end;) await sleep(20);
};

test('authorize, capture, two refunds: the ledger has every transition, and its sums', async () => {
  const { status, body: charge } = await post('/v1/charges', request('ref-1'));
  expect(status).toBe(201);
  expect(charge).toMatchObject({
    id: expect.stringMatching(/^ch_/),
    status: 'authorized',
    capturedMinor: 0,
    refunds: [],
  });
  expect((await post(`/v1/charges/${charge['id']}/capture`)).body['status']).toBe('captured');
  const part = await post(`/v1/charges/${charge['id']}/refunds`, { amountMinor: 999, reference: 'r1' });
  expect(part).toMatchObject({ status: 201, body: { status: 'partially_refunded', refundedMinor: 999 } });
  await post(`/v1/charges/${charge['id']}/refunds`, { amountMinor: 1_000, reference: 'r2' });
  const { entries, sums } = await get('/ledger?reference=ref-1');
  expect(entries.map(({ type, amountMinor }: Record<string, unknown>) => [type, amountMinor])).toEqual([
    ['authorize', 1_999],
    ['capture', 1_999],
    ['refund', 999],
    ['refund', 1_000],
  ]);
  expect(sums).toEqual([
    {
      reference: 'ref-1',
      currency: 'EUR',
      charges: 1,
      authorizedMinor: 1_999,
      declinedMinor: 0,
      capturedMinor: 1_999,
      voidedMinor: 0,
      refundedMinor: 1_999,
    },
  ]);
  const { items } = await get('/v1/charges?reference=ref-1');
  expect(items[0]).toMatchObject({ status: 'refunded', refunds: [{ reference: 'r1' }, { reference: 'r2' }] });
});

test('a declined card gives 201 with the reason, and nothing to capture', async () => {
  const { status, body } = await post('/v1/charges', request('ref-2', 'tok_insufficient_funds'));
  expect([status, body['status'], body['declineCode']]).toEqual([201, 'declined', 'insufficient_funds']);
  expect(await post(`/v1/charges/${body['id']}/capture`)).toMatchObject({
    status: 400,
    body: { error: { code: 'charge_not_capturable' } },
  });
});

test('the same key gives the first answer again, and one ledger entry; another body is refused', async () => {
  const first = await post('/v1/charges', request('ref-3'), 'same');
  const again = await post('/v1/charges', request('ref-3'), 'same');
  expect(again.body).toEqual(first.body);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(await post('/v1/charges', { ...request('ref-3'), amountMinor: 1 }, 'same')).toMatchObject({
    status: 422,
    body: { error: { type: 'idempotency', code: 'idempotency_key_reused' } },
  });
  expect((await get('/ledger?reference=ref-3'))['entries']).toHaveLength(1);
});

test('a refusal is replayed, too', async () => {
  const { body } = await post('/v1/charges', request('ref-4'));
  await post(`/v1/charges/${body['id']}/void`);
  const first = await post(`/v1/charges/${body['id']}/capture`, {}, 'refused');
  const again = await post(`/v1/charges/${body['id']}/capture`, {}, 'refused');
  expect([first.status, again.status, again.headers.get('idempotent-replayed')]).toEqual([400, 400, 'true']);
});

test('ten requests with one key at once charge once; the others are replayed or told that it is in flight', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, () => post('/v1/charges', request('ref-5'), 'race')));
  expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
  expect((await get('/ledger?reference=ref-5'))['entries']).toHaveLength(1);
});

test('refunds at the same moment never exceed what was captured', async () => {
  const { body: charge } = await post('/v1/charges', request('ref-10'));
  await post(`/v1/charges/${charge['id']}/capture`);
  const refund = () => post(`/v1/charges/${charge['id']}/refunds`, { amountMinor: 900, reference: 'r' });
  const answers = await Promise.all(Array.from({ length: 8 }, refund));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(2);
  expect((await get('/ledger?reference=ref-10'))['sums']).toMatchObject([
    { capturedMinor: 1_999, refundedMinor: 1_800 },
  ]);
});

test('tok_slow: in flight until it is done, also when the client has hung up', async () => {
  const impatient = fetch(`${url}/v1/charges`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'idempotency-key': 'slow', 'content-type': 'application/json' },
    body: JSON.stringify(request('ref-6', 'tok_slow')),
    signal: AbortSignal.timeout(150),
  });
  await expect(impatient).rejects.toThrow();
  expect(await post('/v1/charges', request('ref-6', 'tok_slow'), 'slow')).toMatchObject({
    status: 409,
    body: { error: { code: 'idempotency_key_in_use' } },
  });
  expect((await get('/v1/charges?reference=ref-6'))['items']).toEqual([]);
  await sleep(800);
  expect((await post('/v1/charges', request('ref-6', 'tok_slow'), 'slow')).status).toBe(201);
  expect((await get('/ledger?reference=ref-6'))['entries']).toHaveLength(1);
});

test('tok_charged_then_dropped: the first request gets no answer, the second the first answer', async () => {
  await expect(post('/v1/charges', request('ref-7', 'tok_charged_then_dropped'), 'dropped')).rejects.toThrow();
  const { status, body } = await post('/v1/charges', request('ref-7', 'tok_charged_then_dropped'), 'dropped');
  expect([status, body['status']]).toEqual([201, 'authorized']);
  expect((await get('/ledger?reference=ref-7'))['entries']).toHaveLength(1);
});

test('tok_error_after_charge: 500 again and again for the same key, but charged once', async () => {
  for (let attempt = 0; attempt < 3; attempt++) {
    const { status, body } = await post('/v1/charges', request('ref-8', 'tok_error_after_charge'), 'error');
    expect([status, body['error']['type']]).toEqual([500, 'api_error']);
  }
  expect((await get('/v1/charges?reference=ref-8'))['items']).toMatchObject([{ status: 'authorized' }]);
});

test('a key whose request died is free again once its lock has run out', async () => {
  await database.pool.query(
    `INSERT INTO idempotency_keys (key, fingerprint, locked_until)
     SELECT 'dead', fingerprint, now() - interval '1 second' FROM idempotency_keys WHERE key = 'same'`,
  );
  expect((await post('/v1/charges', request('ref-3'), 'dead')).status).toBe(201);
});

test('bad requests have the shape of this API', async () => {
  const cases = [
    [
      await call('GET', '/v1/charges?reference=x', { headers: { authorization: 'Bearer wrong' } }),
      401,
      'api_key_invalid',
    ],
    [await call('POST', '/v1/charges', { body: request('x') }), 400, 'idempotency_key_missing'],
    [
      await call('POST', '/v1/charges', { key: 'k', body: { ...request('x'), amountMinor: 1.5 } }),
      422,
      'invalid_request',
    ],
    [await call('POST', '/v1/charges', { key: 'k', body: { ...request('x'), more: 1 } }), 422, 'invalid_request'],
    [await call('POST', '/v1/charges', { key: 'k', body: request('x', 'tok_none') }), 422, 'payment_method_unknown'],
    [await call('POST', '/v1/charges/ch_none/capture', { key: 'k2', body: {} }), 404, 'charge_unknown'],
    [await call('GET', '/v1/charges/ch_none'), 404, 'charge_unknown'],
    [await call('GET', '/v1/charges/ch_%00'), 404, 'charge_unknown'],
    [await call('POST', '/v1/charges/ch_%00/capture', { key: 'k3', body: {} }), 404, 'charge_unknown'],
    [await call('GET', '/v1/charges?reference=a%00b'), 422, 'invalid_request'],
    [await call('GET', '/ledger?reference=a%00b'), 422, 'invalid_request'],
    [await call('POST', '/v1/charges', { key: 'k4', body: request('a\u0000') }), 422, 'invalid_request'],
    [await call('POST', '/v1/charges', { key: 'k4', body: request('a\ud800') }), 422, 'invalid_request'],
    [await call('GET', '/ledger?limit=0x10'), 422, 'invalid_request'],
    [await call('GET', '/ledger?after=1e2'), 422, 'invalid_request'],
    [await call('GET', '/ledger?after=9223372036854775808'), 422, 'invalid_request'],
    [await call('GET', '/v2/nothing'), 404, 'not_found'],
  ] as const;
  for (const [response, status, code] of cases) {
    expect([response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([
      status,
      code,
    ]);
  }
  const malformed = await fetch(`${url}/v1/charges`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'idempotency-key': 'k', 'content-type': 'application/json' },
    body: '{"reference":',
  });
  expect([malformed.status, await malformed.json()]).toMatchObject([400, { error: { type: 'invalid_request' } }]);
});

test('webhooks are signed over their bytes and repeated until they are accepted', async () => {
  await until(() => received.length > 0);
  await sleep(200);
  received.length = 0;
  webhookAnswers.push(503);
  await post('/v1/charges', request('ref-9'));
  await until(() => received.length === 2);
  const [first, second] = received;
  expect(received).toHaveLength(2);
  expect(second!.body).toBe(first!.body);
  expect(JSON.parse(second!.body)).toMatchObject({
    id: expect.stringMatching(/^evt_/),
    type: 'charge.authorized',
    data: { reference: 'ref-9', chargeId: expect.stringMatching(/^ch_/) },
  });
  const [, time, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(second!.headers['psp-signature'])) ?? [];
  expect(v1).toBe(createHmac('sha256', webhookSecret).update(`${time}.${second!.body}`).digest('hex'));
});

test('the ledger cannot be changed, not even by its owner', async () => {
  await expect(database.pool.query('UPDATE ledger_entries SET amount_minor = 1')).rejects.toThrow(/append-only/);
  await expect(database.pool.query('DELETE FROM ledger_entries')).rejects.toThrow(/append-only/);
  await expect(database.pool.query('TRUNCATE ledger_entries')).rejects.toThrow(/append-only/);
});

test('the ledger comes in pages', async () => {
  const { entries, nextAfter } = await get('/ledger?limit=2');
  expect(entries).toHaveLength(2);
  expect((await get(`/ledger?after=${nextAfter}&limit=1`))['entries'][0].seq).toBeGreaterThan(entries[1].seq);
});
