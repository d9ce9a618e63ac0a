import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiKey, chargeOf, SandboxService, until, webhookSecret } from '../src/testing/sandbox-service.js';

let sandbox: SandboxService;

beforeAll(async () => {
  sandbox = await SandboxService.start();
});
afterAll(() => sandbox?.stop());

test('authorize, capture, two refunds: the ledger has every transition, and its sums', async () => {
  const { status, body: charge } = await sandbox.post('/v1/charges', chargeOf('ref-1'));
  expect(status).toBe(201);
  expect(charge).toMatchObject({
    id: expect.stringMatching(/^ch_/),
    status: 'authorized',
    capturedMinor: 0,
    refunds: [],
  });
  expect((await sandbox.post(`/v1/charges/${charge['id']}/capture`)).body['status']).toBe('captured');
  const part = await sandbox.post(`/v1/charges/${charge['id']}/refunds`, { amountMinor: 999, reference: 'r1' });
  expect(part).toMatchObject({ status: 201, body: { status: 'partially_refunded', refundedMinor: 999 } });
  await sandbox.post(`/v1/charges/${charge['id']}/refunds`, { amountMinor: 1_000, reference: 'r2' });
  const { entries, sums } = await sandbox.get('/ledger?reference=ref-1');
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
  const { items } = await sandbox.get('/v1/charges?reference=ref-1');
  expect(items[0]).toMatchObject({ status: 'refunded', refunds: [{ reference: 'r1' }, { reference: 'r2' }] });
});

test('a declined card gives 201 with the reason, and nothing to capture', async () => {
  const { status, body } = await sandbox.post('/v1/charges', chargeOf('ref-2', 'tok_insufficient_funds'));
  expect([status, body['status'], body['declineCode']]).toEqual([201, 'declined', 'insufficient_funds']);
  expect(await sandbox.post(`/v1/charges/${body['id']}/capture`)).toMatchObject({
    status: 400,
    body: { error: { code: 'charge_not_capturable' } },
  });
});

test('the same key replays the first response, with one ledger entry; another body is refused', async () => {
  const first = await sandbox.post('/v1/charges', chargeOf('ref-3'), 'same');
  const again = await sandbox.post('/v1/charges', chargeOf('ref-3'), 'same');
  expect(again.body).toEqual(first.body);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(await sandbox.post('/v1/charges', { ...chargeOf('ref-3'), amountMinor: 1 }, 'same')).toMatchObject({
    status: 422,
    body: { error: { type: 'idempotency', code: 'idempotency_key_reused' } },
  });
  expect((await sandbox.get('/ledger?reference=ref-3'))['entries']).toHaveLength(1);
});

test('a refusal is replayed, too', async () => {
  const { body } = await sandbox.post('/v1/charges', chargeOf('ref-4'));
  await sandbox.post(`/v1/charges/${body['id']}/void`);
  const first = await sandbox.post(`/v1/charges/${body['id']}/capture`, {}, 'refused');
  const again = await sandbox.post(`/v1/charges/${body['id']}/capture`, {}, 'refused');
  expect([first.status, again.status, again.headers.get('idempotent-replayed')]).toEqual([400, 400, 'true']);
});

test('ten requests with one key at once charge once; the others get the same response or 409', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => sandbox.post('/v1/charges', chargeOf('ref-5'), 'race')),
  );
  expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
  expect((await sandbox.get('/ledger?reference=ref-5'))['entries']).toHaveLength(1);
});

test('concurrent refunds never exceed the captured amount', async () => {
  const { body: charge } = await sandbox.post('/v1/charges', chargeOf('ref-10'));
  await sandbox.post(`/v1/charges/${charge['id']}/capture`);
  const refund = () => sandbox.post(`/v1/charges/${charge['id']}/refunds`, { amountMinor: 900, reference: 'r' });
  const answers = await Promise.all(Array.from({ length: 8 }, refund));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(2);
  expect((await sandbox.get('/ledger?reference=ref-10'))['sums']).toMatchObject([
    { capturedMinor: 1_999, refundedMinor: 1_800 },
  ]);
});

test('two instances that refund at the same moment do not exceed it either', async () => {
  const { body: charge } = await sandbox.post('/v1/charges', chargeOf('ref-11'));
  await sandbox.post(`/v1/charges/${charge['id']}/capture`);
  const other = await sandbox.another();
  const holder = await sandbox.database.pool.connect();
  try {
    // Both have to wait, so that neither sees what the other has done before it begins.
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM charges WHERE id = $1 FOR UPDATE', [charge['id']]);
    const refunds = [sandbox.url, await other.getUrl()].map((url, index) =>
      fetch(`${url}/v1/charges/${charge['id']}/refunds`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${apiKey}`,
          'content-type': 'application/json',
          'idempotency-key': `instance-${index}`,
        },
        body: JSON.stringify({ amountMinor: 1_500, reference: `r${index}` }),
      }),
    );
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await until(async () => (await sandbox.rows(waiting)).length === 2);
    await holder.query('COMMIT');
    const statuses = (await Promise.all(refunds)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([201, 400]);
  } finally {
    holder.release();
    await other.close();
  }
});

test('tok_slow: in progress until it is done, even if the client hangs up', async () => {
  const impatient = fetch(`${sandbox.url}/v1/charges`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'idempotency-key': 'slow', 'content-type': 'application/json' },
    body: JSON.stringify(chargeOf('ref-6', 'tok_slow')),
    signal: AbortSignal.timeout(150),
  });
  await expect(impatient).rejects.toThrow();
  expect(await sandbox.post('/v1/charges', chargeOf('ref-6', 'tok_slow'), 'slow')).toMatchObject({
    status: 409,
    body: { error: { code: 'idempotency_key_in_use' } },
  });
  expect((await sandbox.get('/v1/charges?reference=ref-6'))['items']).toEqual([]);
  await sleep(800);
  expect((await sandbox.post('/v1/charges', chargeOf('ref-6', 'tok_slow'), 'slow')).status).toBe(201);
  expect((await sandbox.get('/ledger?reference=ref-6'))['entries']).toHaveLength(1);
});

test('tok_charged_then_dropped: the first request gets no response, the second gets that of the first', async () => {
  await expect(sandbox.post('/v1/charges', chargeOf('ref-7', 'tok_charged_then_dropped'), 'dropped')).rejects.toThrow();
  const { status, body } = await sandbox.post('/v1/charges', chargeOf('ref-7', 'tok_charged_then_dropped'), 'dropped');
  expect([status, body['status']]).toEqual([201, 'authorized']);
  expect((await sandbox.get('/ledger?reference=ref-7'))['entries']).toHaveLength(1);
});

test('tok_error_after_charge: the same key gets the same 500, and one charge', async () => {
  for (let attempt = 0; attempt < 3; attempt++) {
    const { status, body } = await sandbox.post('/v1/charges', chargeOf('ref-8', 'tok_error_after_charge'), 'error');
    expect([status, body['error']['type']]).toEqual([500, 'api_error']);
  }
  expect((await sandbox.get('/v1/charges?reference=ref-8'))['items']).toMatchObject([{ status: 'authorized' }]);
});

test('a key whose request died is free again once its lock has expired', async () => {
  await sandbox.database.pool.query(
    `INSERT INTO idempotency_keys (key, fingerprint, locked_until)
     SELECT 'dead', fingerprint, now() - interval '1 second' FROM idempotency_keys WHERE key = 'same'`,
  );
  expect((await sandbox.post('/v1/charges', chargeOf('ref-3'), 'dead')).status).toBe(201);
});

test('errors have the shape of this API', async () => {
  const cases = [
    [
      await sandbox.call('GET', '/v1/charges?reference=x', { headers: { authorization: 'Bearer wrong' } }),
      401,
      'api_key_invalid',
    ],
    [await sandbox.call('POST', '/v1/charges', { body: chargeOf('x') }), 400, 'idempotency_key_missing'],
    [
      await sandbox.call('POST', '/v1/charges', { key: 'k', body: { ...chargeOf('x'), amountMinor: 1.5 } }),
      422,
      'invalid_request',
    ],
    [
      await sandbox.call('POST', '/v1/charges', { key: 'k', body: { ...chargeOf('x'), more: 1 } }),
      422,
      'invalid_request',
    ],
    [
      await sandbox.call('POST', '/v1/charges', { key: 'k', body: chargeOf('x', 'tok_none') }),
      422,
      'payment_method_unknown',
    ],
    [await sandbox.call('POST', '/v1/charges/ch_none/capture', { key: 'k2', body: {} }), 404, 'charge_unknown'],
    [await sandbox.call('GET', '/v1/charges/ch_none'), 404, 'charge_unknown'],
    [await sandbox.call('GET', '/v1/charges/ch_%00'), 404, 'charge_unknown'],
    [await sandbox.call('POST', '/v1/charges/ch_%00/capture', { key: 'k3', body: {} }), 404, 'charge_unknown'],
    [await sandbox.call('GET', '/v1/charges?reference=a%00b'), 422, 'invalid_request'],
    [await sandbox.call('GET', '/ledger?reference=a%00b'), 422, 'invalid_request'],
    [await sandbox.call('POST', '/v1/charges', { key: 'k4', body: chargeOf('a\u0000') }), 422, 'invalid_request'],
    [await sandbox.call('POST', '/v1/charges', { key: 'k4', body: chargeOf('a\ud800') }), 422, 'invalid_request'],
    [await sandbox.call('GET', '/ledger?limit=0x10'), 422, 'invalid_request'],
    [await sandbox.call('GET', '/ledger?after=1e2'), 422, 'invalid_request'],
    [await sandbox.call('GET', '/ledger?after=9223372036854775808'), 422, 'invalid_request'],
    [await sandbox.call('GET', '/v2/nothing'), 404, 'not_found'],
  ] as const;
  for (const [response, status, code] of cases) {
    expect([response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([
      status,
      code,
    ]);
  }
  const malformed = await fetch(`${sandbox.url}/v1/charges`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'idempotency-key': 'k', 'content-type': 'application/json' },
    body: '{"reference":',
  });
  expect([malformed.status, await malformed.json()]).toMatchObject([400, { error: { type: 'invalid_request' } }]);
});

test('webhooks are signed over their bytes and repeated until the merchant accepts them', async () => {
  await until(() => sandbox.received.length > 0);
  await sleep(200);
  sandbox.received.length = 0;
  sandbox.webhookStatuses.push(503);
  await sandbox.post('/v1/charges', chargeOf('ref-9'));
  await until(() => sandbox.received.length === 2);
  const [first, second] = sandbox.received;
  expect(sandbox.received).toHaveLength(2);
  expect(second!.body).toBe(first!.body);
  expect(JSON.parse(second!.body)).toMatchObject({
    id: expect.stringMatching(/^evt_/),
    type: 'charge.authorized',
    data: { reference: 'ref-9', chargeId: expect.stringMatching(/^ch_/) },
  });
  const [, time, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(second!.headers['psp-signature'])) ?? [];
  expect(v1).toBe(createHmac('sha256', webhookSecret).update(`${time}.${second!.body}`).digest('hex'));
});

test('the ledger cannot be changed, not even by the owner of the database', async () => {
  await expect(sandbox.database.pool.query('UPDATE ledger_entries SET amount_minor = 1')).rejects.toThrow(
    /append-only/,
  );
  await expect(sandbox.database.pool.query('DELETE FROM ledger_entries')).rejects.toThrow(/append-only/);
  await expect(sandbox.database.pool.query('TRUNCATE ledger_entries')).rejects.toThrow(/append-only/);
});

test('the ledger is paged', async () => {
  const { entries, nextAfter } = await sandbox.get('/ledger?limit=2');
  expect(entries).toHaveLength(2);
  expect((await sandbox.get(`/ledger?after=${nextAfter}&limit=1`))['entries'][0].seq).toBeGreaterThan(entries[1].seq);
});
