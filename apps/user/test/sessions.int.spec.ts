import { randomUUID } from 'node:crypto';
import { FieldCipher } from '@causeway/persistence';
import { endAllSessions } from '../src/sessions/sessions.js';
import { Browser } from '../src/testing/browser.js';
import { password, redirectUri, startUserService, type Person, type UserService } from '../src/testing/user-service.js';
import { UNIT_OF_WORK, type UserUnitOfWork } from '../src/tokens.js';

let user: UserService;
beforeAll(async () => {
  user = await startUserService();
});
afterAll(() => user?.stop());

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const browserWith = (userAgent: string) => new Browser(user.issuer, redirectUri, { 'user-agent': userAgent });
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const list = async (token: string) => {
  const response = await user.send('GET', '/v1/users/me/sessions', bearer(token));
  expect(response.status).toBe(200);
  return ((await response.json()) as { items: { id: string; browser: string; current: boolean }[] }).items;
};
const end = async (token: string, id: string) =>
  (await user.send('DELETE', `/v1/users/me/sessions/${id}`, bearer(token))).status;
const endAll = (person: Person) =>
  user.app.get<UserUnitOfWork>(UNIT_OF_WORK).run(({ sql }) => endAllSessions(sql, person.id));
const offline = { scope: 'openid offline_access profile:manage', prompt: 'consent' };

test('each browser is listed with its name, and the caller’s own is marked', async () => {
  const person = await user.person();
  const first = await browserWith(firefox).signIn(person.email, password);
  const second = await browserWith('curl/8').signIn(person.email, password);
  const sessions = await list(first.access_token);
  expect(sessions.map(({ browser, current }) => [browser, current])).toEqual([
    ['Unknown browser', false],
    ['Firefox on Linux', true],
  ]);
  expect((await list(second.access_token)).map(({ current }) => current)).toEqual([true, false]);
});

test('a second sign-in in the same browser is the same session, last used now', async () => {
  const person = await user.person();
  const browser = browserWith(firefox);
  const { access_token } = await browser.signIn(person.email, password);
  await browserWith('curl/8').signIn(person.email, password);
  const { url } = await browser.open();
  expect(url).toContain('code=');
  expect((await list(access_token)).map((session) => session.browser)).toEqual(['Firefox on Linux', 'Unknown browser']);
});

test('a refresh counts as use', async () => {
  const person = await user.person();
  const browser = browserWith(firefox);
  const tokens = await browser.signIn(person.email, password);
  await browserWith('curl/8').signIn(person.email, password);
  expect((await browser.refresh(tokens.refresh_token)).status).toBe(200);
  expect((await list(tokens.access_token))[0]).toMatchObject({ browser: 'Firefox on Linux' });
});

test.each([
  ['bound to the session', {}],
  ['that outlive it (offline_access)', offline],
])('an ended session is over: its browser has to sign in, and refresh tokens %s die', async (_title, options) => {
  const person = await user.person();
  const [lost, kept] = [browserWith('curl/8'), browserWith(firefox)];
  const stolen = await lost.signIn(person.email, password, options);
  const own = await kept.signIn(person.email, password);
  const { id } = (await list(own.access_token)).find(({ current }) => !current)!;
  expect(await end(own.access_token, id)).toBe(204);
  expect((await lost.refresh(stolen.refresh_token)).status).toBe(400);
  expect((await lost.open()).url).toContain('/interaction/');
  expect((await kept.refresh(own.refresh_token)).status).toBe(200);
  expect(await list(own.access_token)).toHaveLength(1);
  expect(await end(own.access_token, id)).toBe(404);
});

test('another customer’s session is missing, and stays', async () => {
  const [ann, bob] = [await user.person(), await user.person()];
  const victim = await user.token(ann);
  const { id } = (await list(victim))[0]!;
  expect(await end(await user.token(bob), id)).toBe(404);
  expect(await end(await user.token(bob), randomUUID())).toBe(404);
  expect(await list(victim)).toHaveLength(1);
});

test('a session disappears from the list when its browser signs out', async () => {
  const person = await user.person();
  const browser = browserWith(firefox);
  const { id_token } = await browser.signIn(person.email, password);
  const own = await user.token(person);
  expect(await list(own)).toHaveLength(2);
  const { response, url } = await browser.follow(
    await browser.fetch(`${user.issuer}/session/end?id_token_hint=${id_token}`),
  );
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(await response.text())![1]!;
  await browser.submit(`${new URL(url).origin}/oidc/session/end/confirm`, { xsrf, logout: 'yes' });
  expect(await list(own)).toHaveLength(1);
});

describe('the end of all sessions', () => {
  test('leaves nothing of the account that could be used, and nothing of others is touched', async () => {
    const [ann, bob] = [await user.person(), await user.person()];
    const other = await browserWith(firefox).signIn(bob.email, password);
    const tokens = await Promise.all(
      [browserWith(firefox), browserWith('curl/8')].map((browser) => browser.signIn(ann.email, password, offline)),
    );
    expect(await endAll(ann)).toBe(2);
    for (const { refresh_token } of tokens) expect((await browserWith('x').refresh(refresh_token)).status).toBe(400);
    expect(await list(tokens[0]!.access_token)).toEqual([]);
    expect((await browserWith('x').refresh(other.refresh_token)).status).toBe(200);
    const cipher = user.app.get(FieldCipher);
    const { rows } = await user.database.pool.query<{ model: string; id_hash: string; payload_sealed: string }>(
      'SELECT model, id_hash, payload_sealed FROM oidc_artifacts',
    );
    const left = rows.filter((row) =>
      cipher.decrypt(row.payload_sealed, 'oidc_artifacts.payload', `${row.model}:${row.id_hash}`).includes(ann.id),
    );
    expect(left.map(({ model }) => model)).toEqual([]);
  });

  test('also ends a sign-in whose password was checked before, and that returns to the client only afterwards', async () => {
    const person = await user.person();
    const browser = browserWith(firefox);
    const page = await browser.open();
    const held = await browser.fetch(page.url, {
      method: 'POST',
      body: new URLSearchParams({ email: person.email, password }),
    });
    expect(held.status).toBe(303);
    await endAll(person);
    const { url } = await browser.follow(held);
    expect(new URL(url).searchParams.get('error')).toBe('login_required');
    expect(await user.token(person)).toEqual(expect.any(String));
  });

  test('a code that was issued before can no longer be exchanged', async () => {
    const person = await user.person();
    const browser = browserWith(firefox);
    const code = await browser.code(person.email, password);
    await endAll(person);
    expect((await browser.exchange(code)).status).toBe(400);
  });

  test('a request that loaded its session before the end cannot revive it', async () => {
    const person = await user.person();
    const browser = browserWith(firefox);
    await browser.signIn(person.email, password);
    // As if oidc-provider had loaded the session before the end and stored it again afterwards.
    const { rows } = await user.database.pool.query(`SELECT * FROM oidc_artifacts WHERE model IN ('Session', 'Grant')`);
    await endAll(person);
    for (const row of rows as Record<string, unknown>[])
      await user.database.pool.query(
        `INSERT INTO oidc_artifacts (${Object.keys(row).join()}) VALUES (${Object.keys(row)
          .map((_, n) => `$${n + 1}`)
          .join()})
         ON CONFLICT DO NOTHING`,
        Object.values(row),
      );
    const { url } = await browser.open();
    expect(new URL(url).searchParams.get('error')).toBe('login_required');
    expect((await browser.open()).url).toContain('/interaction/');
  });

  test('an end waits for a session that begins at the same instant, and ends it too', async () => {
    const person = await user.person();
    const client = await user.database.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query(`SELECT 1 FROM users WHERE id = $1 FOR SHARE`, [person.id]);
      await client.query(`INSERT INTO sessions VALUES ($1, $2, 'racing', 'sealed', now(), now())`, [
        randomUUID(),
        person.id,
      ]);
      const ended = endAll(person);
      await client.query('COMMIT');
      expect(await ended).toBe(1);
    } finally {
      client.release();
    }
  });
});

test('what the browser says about itself is stored sealed', async () => {
  await browserWith(firefox).signIn((await user.person()).email, password);
  const { rows } = await user.database.pool.query<{ text: string }>('SELECT s::text AS text FROM sessions s');
  for (const { text } of rows) expect(text).not.toMatch(/mozilla|firefox/i);
});
