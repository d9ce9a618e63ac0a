import { jetstream } from '@nats-io/jetstream';
import { NATS, OutboxRelay } from '@causeway/messaging';
import type { NatsConnection } from '@nats-io/transport-node';
import { randomUUID } from 'node:crypto';
import { Browser } from '../src/testing/browser.js';
import { password, redirectUri, startUserService, type Person, type UserService } from '../src/testing/user-service.js';

let user: UserService;
beforeAll(async () => {
  user = await startUserService();
});
afterAll(() => user?.stop());

const json = async (response: Response) => (await response.json()) as Record<string, unknown>;
const someone = () => ({ email: `Bea.${randomUUID()}@Example.org`, password, displayName: 'Bea Stone' });

describe('registration', () => {
  test('responds with 201, the profile, its ETag and Location', async () => {
    const body = someone();
    const response = await user.post('/v1/users', body);
    expect(response.status).toBe(201);
    expect(response.headers.get('location')).toBe('/v1/users/me');
    expect(response.headers.get('etag')).toBe('"1"');
    const view = await json(response);
    expect(view).toMatchObject({ email: body.email, displayName: 'Bea Stone', version: 1 });
    expect(view).not.toHaveProperty('password');
    expect(view).not.toHaveProperty('passwordHash');
  });

  test('publishes user.evt.registered.v1 once, without personal data', async () => {
    const body = someone();
    const { id } = await json(await user.post('/v1/users', body));
    user.app.get(OutboxRelay).wake();
    const message = await firstMessage('user.evt.registered.v1', (data) => data['userId'] === id);
    expect(message.text).not.toMatch(/@|bea/i);
    expect(message.envelope).toMatchObject({ subject: id, source: '/causeway/user', type: 'user.evt.registered.v1' });
    const { rows } = await user.database.pool.query('SELECT 1 FROM causeway.outbox WHERE aggregate_id = $1', [id]);
    expect(rows).toHaveLength(1);
  });

  test('an address is taken in upper and lower case', async () => {
    const body = someone();
    await user.post('/v1/users', body);
    const response = await user.post('/v1/users', { ...body, email: body.email.toUpperCase() });
    expect(response.status).toBe(409);
    expect(await json(response)).toMatchObject({ code: 'EMAIL_TAKEN' });
  });

  test('if ten people register one address at the same instant, one succeeds', async () => {
    const body = someone();
    const statuses = await Promise.all(
      Array.from(
        { length: 10 },
        async (_, n) =>
          (await user.post('/v1/users', { ...body, email: n % 2 ? body.email : body.email.toLowerCase() })).status,
      ),
    );
    expect(statuses.sort()).toEqual([201, ...Array<number>(9).fill(409)]);
  });

  test.each([
    ['11 characters', { password: 'short-pw-11' }, 'VALIDATION_FAILED', '/password'],
    ['a common password', { password: 'Password-2026!' }, 'PASSWORD_TOO_COMMON', '/password'],
    ['no e-mail address', { email: 'bea' }, 'VALIDATION_FAILED', '/email'],
    ['a blank name', { displayName: '  ' }, 'VALIDATION_FAILED', '/displayName'],
    ['an unknown field', { admin: true }, 'VALIDATION_FAILED', '/admin'],
    ['a number for a password', { password: 123456789012 }, 'VALIDATION_FAILED', '/password'],
  ])('%s is refused with a 422 that names the field and repeats no value', async (_title, change, code, path) => {
    const response = await user.post('/v1/users', { ...someone(), ...change });
    expect(response.status).toBe(422);
    const problem = await json(response);
    expect(problem).toMatchObject({ code, errors: [{ path }] });
    for (const value of Object.values(change))
      if (String(value).trim()) expect(JSON.stringify(problem)).not.toContain(`${value}"`);
  });

  test('without an Idempotency-Key: 400', async () => {
    const response = await user.send('POST', '/v1/users', { body: someone() });
    expect(response.status).toBe(400);
    expect(await json(response)).toMatchObject({ code: 'IDEMPOTENCY_KEY_REQUIRED' });
  });

  test('the same key and body replays the response', async () => {
    const [body, key] = [someone(), { 'idempotency-key': randomUUID() }];
    const first = await user.post('/v1/users', body, key);
    const again = await user.post('/v1/users', body, key);
    expect(again.status).toBe(201);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('etag')).toBe('"1"');
    expect(await json(again)).toEqual(await json(first));
  });

  test('the same key with another password: 422', async () => {
    const [body, key] = [someone(), { 'idempotency-key': randomUUID() }];
    await user.post('/v1/users', body, key);
    const response = await user.post('/v1/users', { ...body, password: 'Regen-im-Novembertulpen' }, key);
    expect(response.status).toBe(422);
    expect(await json(response)).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  test('the same request five times at once creates one account', async () => {
    const [body, key] = [someone(), { 'idempotency-key': randomUUID() }];
    const statuses = await Promise.all(
      Array.from({ length: 5 }, async () => (await user.post('/v1/users', body, key)).status),
    );
    expect(statuses).toContain(201);
    expect(new Set([...statuses, 409])).toEqual(new Set([201, 409]));
    expect((await user.post('/v1/users', body, key)).status).toBe(201);
  });

  test('a refused request does not use up its key', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const taken = someone();
    await user.post('/v1/users', taken);
    expect((await user.post('/v1/users', taken, key)).status).toBe(409);
    expect((await user.post('/v1/users', someone(), key)).status).toBe(201);
  });
});

describe('the profile', () => {
  let ann: Person;
  let authorization: string;
  beforeAll(async () => {
    ann = await user.person();
    authorization = `Bearer ${await user.token(ann)}`;
  });
  const patch = (body: unknown, headers: Record<string, string> = {}) =>
    user.send('PATCH', '/v1/users/me', { body, headers: { authorization, ...headers } });

  test('is returned with its ETag, and the e-mail address as it was entered', async () => {
    const response = await user.send('GET', '/v1/users/me', { headers: { authorization } });
    expect(response.headers.get('etag')).toBe('"1"');
    expect(await json(response)).toMatchObject({ id: ann.id, email: ann.email, displayName: 'Ann Bell' });
  });

  test('changes only with the current version in If-Match', async () => {
    expect((await patch({ displayName: 'Ann B.' })).status).toBe(428);
    const changed = await patch({ displayName: 'Ann B.' }, { 'if-match': '"1"' });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).toBe('"2"');
    expect(await json(changed)).toMatchObject({ displayName: 'Ann B.', version: 2 });
    const stale = await patch({ displayName: 'Anna' }, { 'if-match': '"1"' });
    expect(stale.status).toBe(412);
    expect(await json(stale)).toMatchObject({ code: 'VERSION_STALE' });
  });

  test('of two changes at the same instant, one wins', async () => {
    const etag = (await user.send('GET', '/v1/users/me', { headers: { authorization } })).headers.get('etag')!;
    const statuses = await Promise.all(
      ['One', 'Two'].map(async (displayName) => (await patch({ displayName }, { 'if-match': etag })).status),
    );
    expect(statuses.sort()).toEqual([200, 412]);
  });

  test.each(['a\u0000b', 'a\ud800', '\ud83d', '\u202eAnn', ' \u200b '])(
    'the name %j is refused with its path',
    async (displayName) => {
      const response = await patch({ displayName }, { 'if-match': '*' });
      expect([response.status, await response.json()]).toMatchObject([422, { errors: [{ path: '/displayName' }] }]);
    },
  );

  test('the e-mail address cannot be changed', async () => {
    const response = await patch({ email: 'else@example.org' }, { 'if-match': '"2"' });
    expect(response.status).toBe(422);
  });

  test.each([
    ['no token', {}, 401, 'TOKEN_MISSING'],
    ['a forged token', { authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' }, 401, 'TOKEN_INVALID'],
  ])('%s: %s', async (_title, headers, status, code) => {
    const response = await user.send('GET', '/v1/users/me', { headers });
    expect(response.status).toBe(status);
    expect(await json(response)).toMatchObject({ code });
  });

  test('a token without the scope: 403', async () => {
    const token = await user.token(ann, 'openid');
    const response = await user.send('GET', '/v1/users/me', { headers: { authorization: `Bearer ${token}` } });
    expect(response.status).toBe(403);
  });
});

test('no table contains personal data, a password or a credential in the clear', async () => {
  const body = { ...someone(), displayName: 'Zacharias Quentin' };
  const key = { 'idempotency-key': randomUUID() };
  await user.post('/v1/users', body, key);
  const browser = new Browser(user.issuer, redirectUri);
  const { access_token: token, refresh_token } = await browser.signIn(body.email, password);
  await browser.open({ prompt: 'login' });
  await user.post(
    '/v1/users/me/addresses',
    {
      label: 'Hideout',
      recipient: 'Zacharias Quentin',
      line1: 'Elm Row 9',
      postalCode: '20099',
      city: 'Hamburg',
      country: 'DE',
    },
    { authorization: `Bearer ${token}` },
  );
  const dump = await wholeDatabase();
  expect(dump.length).toBeGreaterThan(1_000);
  const secrets = [
    body.email,
    body.email.toLowerCase(),
    'Zacharias',
    'Quentin',
    password,
    'Hideout',
    'Elm Row',
    '20099',
    'Hamburg',
  ];
  const cookies = [...browser.cookies].filter(([name]) => !name.endsWith('.sig')).map(([, { value }]) => value);
  expect(cookies.length).toBeGreaterThanOrEqual(3);
  for (const secret of [...secrets, ...cookies, refresh_token, token, '"kty"', 'PRIVATE KEY'])
    expect(dump).not.toContain(secret);
});

async function wholeDatabase(): Promise<string> {
  const { pool } = user.database;
  const { rows: tables } = await pool.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('public', 'causeway')`,
  );
  const dumps = await Promise.all(
    tables.map(({ name }) => pool.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`)),
  );
  return dumps.flatMap(({ rows }) => rows.map(({ row }) => row)).join('\n');
}

async function firstMessage(subject: string, matches: (data: Record<string, unknown>) => boolean) {
  const js = jetstream(user.app.get<NatsConnection>(NATS));
  const consumer = await js.consumers.get('USER', { filter_subjects: subject });
  const messages = await consumer.consume();
  const timer = setTimeout(() => messages.stop(), 10_000);
  try {
    for await (const message of messages) {
      const envelope = message.json<{ data: Record<string, unknown> }>();
      if (matches(envelope.data)) return { envelope, text: message.string() };
    }
  } finally {
    clearTimeout(timer);
    messages.stop();
  }
  throw new Error(`no ${subject} came within 10 s`);
}
