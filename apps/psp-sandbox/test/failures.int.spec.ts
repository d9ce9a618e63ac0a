import { PG_POOL, poolSql } from '@causeway/persistence';
import type pg from 'pg';
import { PgIdempotencyKeys } from '../src/pg-idempotency-keys.js';
import { apiKey, chargeOf, SandboxService } from '../src/testing/sandbox-service.js';

let sandbox: SandboxService;

beforeAll(async () => {
  sandbox = await SandboxService.start();
});
afterAll(() => sandbox?.stop());

describe('rate limit', () => {
  let busy: SandboxService;
  beforeAll(async () => {
    // The connection that is missing is waited for until the deadline; a slow machine must need less for a request.
    busy = await SandboxService.start({ DATABASE_POOL_MAX: '1', REQUEST_DEADLINE_MS: '3000' });
  });
  afterAll(() => busy?.stop());

  test.each([
    ['a search for charges', '/v1/charges?reference=busy'],
    ['the ledger', '/ledger?reference=busy'],
  ])('%s that gets no database connection in time: 429 with Retry-After, in the shape of this API', async (_, path) => {
    const connection = await busy.app.get<pg.Pool>(PG_POOL, { strict: false }).connect();
    try {
      const response = await busy.call('GET', path);
      expect([response.status, response.headers.get('retry-after')]).toEqual([429, '2']);
      expect(await response.json()).toEqual({
        error: { type: 'rate_limit', code: 'rate_limit', message: expect.any(String) },
      });
    } finally {
      connection.release();
    }
    expect((await busy.call('GET', path)).status).toBe(200);
  });
});

describe('a charge that fails inside the provider', () => {
  /** Makes the database fail when a ledger entry of this reference is written. */
  const failFor = async (reference: string): Promise<{ repair(): Promise<unknown> }> => {
    await sandbox.rows(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk full'; END $$`);
    await sandbox.rows(
      `CREATE TRIGGER fail BEFORE INSERT ON ledger_entries FOR EACH ROW WHEN (NEW.reference = '${reference}')
         EXECUTE FUNCTION fail()`,
    );
    return { repair: () => sandbox.rows('DROP FUNCTION fail CASCADE') };
  };
  const ledger = async (reference: string) => (await sandbox.get(`/ledger?reference=${reference}`))['entries'];
  const keys = (key: string) => sandbox.rows('SELECT status FROM idempotency_keys WHERE key = $1', key);

  test('charges nothing and releases its key: the same request succeeds under it at once', async () => {
    const { repair } = await failFor('disk-full');
    const failed = await sandbox.post('/v1/charges', chargeOf('disk-full'), 'retried');
    expect([failed.status, failed.body['error']['type']]).toEqual([500, 'api_error']);
    expect([await ledger('disk-full'), await keys('retried')]).toEqual([[], []]);
    await repair();
    const retried = await sandbox.post('/v1/charges', chargeOf('disk-full'), 'retried');
    expect([retried.status, retried.headers.get('idempotent-replayed')]).toEqual([201, null]);
    expect(await ledger('disk-full')).toHaveLength(1);
  });

  test('a released key may be used for another request', async () => {
    const { repair } = await failFor('first-use');
    expect((await sandbox.post('/v1/charges', chargeOf('first-use'), 'reused')).status).toBe(500);
    await repair();
    expect((await sandbox.post('/v1/charges', chargeOf('second-use'), 'reused')).status).toBe(201);
  });

  test('a key that has its response cannot be released: a lost commit response must not lead to a second charge', async () => {
    const idempotencyKeys = new PgIdempotencyKeys(poolSql(sandbox.database.pool));
    const claim = { key: 'done', fingerprint: 'fingerprint' };
    await idempotencyKeys.begin(claim, 10_000);
    await idempotencyKeys.complete(claim, { status: 201, body: { id: 'ch_1' } });
    await idempotencyKeys.release('done');
    expect(await idempotencyKeys.begin(claim, 10_000)).toEqual({ status: 201, body: { id: 'ch_1' } });
  });
});

test('a wrong API key is refused before anything is stored', async () => {
  const headers = { authorization: `Bearer ${apiKey}x` };
  const response = await sandbox.call('POST', '/v1/charges', { key: 'stranger', body: chargeOf('stranger'), headers });
  expect(response.status).toBe(401);
  expect(await sandbox.rows(`SELECT 1 FROM idempotency_keys WHERE key = 'stranger'`)).toEqual([]);
});
