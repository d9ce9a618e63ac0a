import { FieldCipher, FieldKeys, Housekeeping, PgUnitOfWork, runMigrations, SecurityLog } from '@causeway/persistence';
import { createLogger } from '@causeway/telemetry';
import { createDatabase, startNats, startPostgres, type TestDatabase, type TestNats } from '@causeway/testkit';
import { decodeProtectedHeader } from 'jose';
import { randomUUID } from 'node:crypto';
import { migrations } from '../src/migrations.js';
import { SignIn } from '../src/oidc/sign-in.js';
import { LoginThrottled } from '../src/oidc/sign-in.errors.js';
import { PgSigningKeys } from '../src/oidc/pg-signing-keys.js';
import { LoginBusy } from '../src/users/user.errors.js';
import { Browser, type Tokens } from '../src/testing/browser.js';
import { password, redirectUri, startUserService, type UserService } from '../src/testing/user-service.js';

const registration = () => ({ email: `Cem.${randomUUID()}@Example.org`, password, displayName: 'Cem Quill' });

describe('several instances', () => {
  let database: TestDatabase;
  let nats: TestNats;
  const instances: UserService[] = [];
  beforeAll(async () => {
    [database, nats] = await Promise.all([createDatabase({ migrations }), startNats()]);
    instances.push(await startUserService({}, { database, nats }));
    const port = Number(new URL(instances[0]!.origin).port);
    instances.push(await startUserService({}, { database, nats, port }));
  });
  afterAll(async () => {
    await Promise.all(instances.map((instance) => instance.stop()));
    await Promise.all([database?.drop(), nats?.stop()]);
  });

  test('publish the same keys', async () => {
    const sets = await Promise.all(instances.map(async ({ origin }) => (await fetch(`${origin}/oidc/jwks`)).json()));
    expect(sets[0]).toEqual(sets[1]);
  });

  test('share a sign-in: started at one, refreshed at the other, signed with the same key', async () => {
    const [one, two] = instances as [UserService, UserService];
    const person = await two.person();
    const tokens = await new Browser(one.issuer, redirectUri).signIn(person.email, password);
    const refreshed = await fetch(`${two.origin}/oidc/token`, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: 'causeway-demo',
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh_token,
      }),
    });
    const { access_token } = (await refreshed.json()) as { access_token: string };
    expect(decodeProtectedHeader(access_token).kid).toBe(decodeProtectedHeader(tokens.access_token).kid);
    const headers = { authorization: `Bearer ${access_token}` };
    expect((await two.send('GET', '/v1/users/me', { headers })).status).toBe(200);
  });

  test('ten that start at the same instant on an empty database create one signing key', async () => {
    const empty = await createDatabase({ migrations });
    try {
      const uow = new PgUnitOfWork(empty.pool, (transaction) => ({
        sql: transaction.sql,
        security: new SecurityLog(transaction),
      }));
      const cipher = new FieldCipher(new FieldKeys(new Map([['v1', Buffer.alloc(32, 7)]]), 'v1'));
      const signingKeys = () => new PgSigningKeys(uow, cipher, { publishMs: 0, retireMs: 1_000 });
      const sets = await Promise.all(Array.from({ length: 10 }, () => signingKeys().load()));
      expect(new Set(sets.map((keys) => keys.map(({ kid }) => kid).join())).size).toBe(1);
      expect((await empty.pool.query('SELECT kid FROM signing_keys')).rows).toHaveLength(1);
    } finally {
      await empty.drop();
    }
  });
});

describe('one instance', () => {
  let user: UserService;
  const lines: string[] = [];
  beforeAll(async () => {
    createLogger({
      service: 'user',
      level: 'trace',
      instanceId: 'test',
      destination: { write: (line) => void lines.push(line) },
    });
    user = await startUserService({ PASSWORD_HASH_CONCURRENCY: '1', PASSWORD_HASH_QUEUE: '1' });
  });
  afterAll(async () => {
    await user?.stop();
    createLogger({ service: 'user', level: 'silent', instanceId: 'test' });
  });

  test('returns LOGIN_BUSY with Retry-After when its queue of passwords is full', async () => {
    const responses = await Promise.all(Array.from({ length: 8 }, () => user.post('/v1/users', registration())));
    const statuses = responses.map(({ status }) => status).sort();
    expect(statuses.slice(0, 2)).toEqual([201, 201]);
    expect(statuses.at(-1)).toBe(503);
    const busy = responses.find(({ status }) => status === 503)!;
    expect(busy.headers.get('retry-after')).toBe('1');
    expect(await busy.json()).toMatchObject({ code: 'LOGIN_BUSY' });
  });

  test('a sign-in refused with LOGIN_BUSY does not count as a failed attempt', async () => {
    const { email } = await user.person();
    const counted = async () => {
      const sum = 'SELECT coalesce(sum(failures), 0)::int AS sum FROM login_failures';
      return (await user.database.pool.query<{ sum: number }>(sum)).rows[0]!.sum;
    };
    const before = await counted();
    const signIn = user.app.get(SignIn);
    const results = await Promise.allSettled(
      Array.from({ length: 12 }, () => signIn.execute(email, 'not the right one', { address: '192.0.2.1' })),
    );
    const busy = results.filter((result) => result.status === 'rejected' && result.reason instanceof LoginBusy);
    expect(busy.length).toBeGreaterThan(0);
    const throttled = results.filter(
      (result) => result.status === 'rejected' && result.reason instanceof LoginThrottled,
    );
    const checked = results.length - busy.length - throttled.length;
    // An attempt counts for the account at the address and for the address; unless that ends it, for the account.
    expect((await counted()) - before).toBe(3 * checked + 2 * throttled.length);
  });

  test('logs no address, name, password, code or token, even at the finest level', async () => {
    const body = registration();
    await user.post('/v1/users', body);
    await user.post('/v1/users', { ...body, password: 'short' });
    await user.post('/v1/users', body);
    const browser = new Browser(user.issuer, redirectUri, { 'x-forwarded-for': '192.0.2.2' });
    const page = await browser.open();
    await browser.submit(page.url, { email: body.email, password: 'Some-wrong-secret' });
    const code = await new Browser(user.issuer, redirectUri).code(body.email, password);
    const person = new Browser(user.issuer, redirectUri);
    const tokens = await person.signIn(body.email, password);
    const second = (await (await person.refresh(tokens.refresh_token)).json()) as Tokens;
    await person.refresh(second.refresh_token);
    await person.refresh(tokens.refresh_token);
    const log = lines.join('');
    expect(log).toContain('"route":"/v1/users"');
    expect(log).toContain('invalid_grant');
    const secrets = [
      body.email,
      body.displayName,
      password,
      'Some-wrong-secret',
      code,
      tokens.refresh_token,
      second.refresh_token,
      tokens.access_token,
    ];
    expect(log).toContain('token.reuse-detected');
    for (const secret of secrets) expect(log.toLowerCase()).not.toContain(secret.toLowerCase());
  });

  test('housekeeping deletes expired rows and nothing else', async () => {
    const { pool } = user.database;
    const { email } = await user.person();
    const browser = new Browser(user.issuer, redirectUri);
    const { refresh_token } = await browser.signIn(email, password);
    await pool.query(`UPDATE oidc_artifacts SET expires_at = now() - interval '1 hour' WHERE model = 'Session'`);
    await pool.query(`INSERT INTO login_failures VALUES ('old', 3, now() - interval '25 hours'), ('new', 3, now())`);
    await pool.query(
      `INSERT INTO signing_keys SELECT 'ended', private_jwk_sealed, created_at, signs_from - interval '2 years' FROM signing_keys
       UNION ALL SELECT 'ending', private_jwk_sealed, created_at, signs_from - interval '1 year' FROM signing_keys`,
    );
    await pool.query(`UPDATE signing_keys SET signs_from = now() WHERE kid NOT IN ('ended', 'ending')`);
    await pool.query(`UPDATE causeway.idempotency SET created_at = now() - interval '25 hours'`);
    const { rows: live } = await pool.query(
      `SELECT 1 FROM oidc_artifacts WHERE model <> 'Session' AND expires_at > now()`,
    );

    await user.app.get(Housekeeping).once();

    expect((await pool.query(`SELECT 1 FROM oidc_artifacts WHERE model = 'Session'`)).rowCount).toBe(0);
    expect((await pool.query('SELECT 1 FROM oidc_artifacts')).rowCount).toBe(live.length);
    const { rows } = await pool.query<{ key: string }>(`SELECT key FROM login_failures WHERE key IN ('old', 'new')`);
    expect(rows).toEqual([{ key: 'new' }]);
    // One that ended a year ago is gone; one that ended just now may have signed what is in use.
    const { rows: keys } = await pool.query<{ kid: string }>('SELECT kid FROM signing_keys ORDER BY signs_from');
    expect(keys.map(({ kid }) => kid)).toEqual(['ending', expect.not.stringMatching(/^end/)]);
    expect((await pool.query('SELECT 1 FROM causeway.idempotency')).rowCount).toBe(0);
    expect(refresh_token).toEqual(expect.any(String));
  });
});

describe('during an outage', () => {
  test('without the broker, people register and sign in; the event is published once it is back', async () => {
    const user = await startUserService();
    try {
      await user.nats.halt();
      const person = await user.person();
      expect(await user.token(person)).toEqual(expect.any(String));
      const pending = () => user.database.pool.query(`SELECT 1 FROM causeway.outbox WHERE status = 'pending'`);
      expect((await pending()).rowCount).toBe(1);
      await user.nats.restart();
      await until(async () => (await pending()).rowCount === 0);
    } finally {
      await user.stop();
    }
  });

  test('without the database, every response is a 503 with Retry-After; all works again once it is back', async () => {
    const postgres = await startPostgres();
    const { url, migrationUrl } = await postgres.ensureDatabase('lost', { password: 'lost', ownerPassword: 'owner' });
    await runMigrations(migrationUrl, migrations);
    const user = await startUserService({ DATABASE_URL: url, DATABASE_CONNECT_TIMEOUT_MS: '500' });
    try {
      const person = await user.person();
      const browser = new Browser(user.issuer, redirectUri);
      const page = await browser.open();
      const authorization = `Bearer ${await user.token(person)}`;
      await postgres.halt();
      const responses = {
        api: await user.send('GET', '/v1/users/me', { headers: { authorization } }),
        registration: await user.post('/v1/users', registration()),
        form: (await browser.submit(page.url, { email: person.email, password })).response,
        authorization: (await browser.open()).response,
        token: await browser.refresh('x'.repeat(43)),
      };
      for (const [name, response] of Object.entries(responses)) {
        expect([name, response.status]).toEqual([name, 503]);
        expect([name, Number(response.headers.get('retry-after'))]).toEqual([name, 2]);
      }
      await postgres.restart();
      await until(async () => (await user.send('GET', '/v1/users/me', { headers: { authorization } })).status === 200);
      expect(await user.token(person)).toEqual(expect.any(String));
    } finally {
      await user.stop();
      await postgres.stop();
    }
  }, 90_000);
});

async function until(condition: () => Promise<boolean>, withinMs = 20_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('condition was not met in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
