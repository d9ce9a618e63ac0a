import { FieldCipher, PRISMA } from '@causeway/persistence';
import { hashOf, PrismaOidcAdapter } from '../src/oidc/prisma-oidc-adapter.js';
import { Browser, verifyAccessToken, type Tokens } from '../src/testing/browser.js';
import { password, redirectUri, startUserService, type Person, type UserService } from '../src/testing/user-service.js';

let user: UserService;
let ann: Person;
beforeAll(async () => {
  user = await startUserService();
  ann = await user.person();
});
afterAll(() => user?.stop());

const browser = () => new Browser(user.issuer, redirectUri);
const json = async <T = Record<string, unknown>>(response: Response) => (await response.json()) as T;
const verify = (token: string) => verifyAccessToken(user.issuer, token);

/** As if the first use of a token had been `seconds` ago. */
const usedAgo = (token: string, seconds: number) =>
  user.database.pool.query(
    `UPDATE oidc_artifacts SET consumed_at = now() - make_interval(secs => $2) WHERE id_hash = $1`,
    [hashOf(token), seconds],
  );

const reuses = async () =>
  Number(
    (
      await user.database.pool.query<{ count: string }>(
        `SELECT count(*) FROM causeway.security_events WHERE type = 'token.reuse-detected' AND actor = $1`,
        [ann.id],
      )
    ).rows[0]!.count,
  );

/** Moves the expiry of a token, in its row and its payload, to `seconds` from now. */
async function shortenTo(token: string, seconds: number): Promise<void> {
  const artifacts = new PrismaOidcAdapter('RefreshToken', user.app.get(PRISMA), user.app.get(FieldCipher), {
    windowMs: 0,
    detected: () => Promise.resolve(),
  });
  const payload = await artifacts.find(token);
  await artifacts.upsert(token, { ...payload, exp: Math.floor(Date.now() / 1000) + seconds }, seconds);
}

test('each use yields a new one with the same expiry, at most 30 days after the sign-in', async () => {
  const person = browser();
  const first = await person.signIn(ann.email, password);
  const second = await json<Tokens>(await person.refresh(first.refresh_token));
  expect(second.refresh_token).not.toBe(first.refresh_token);
  expect((await verify(second.access_token)).payload.sub).toBe(ann.id);
  const third = await json<Tokens>(await person.refresh(second.refresh_token));
  expect((await verify(third.access_token)).payload['scope']).toContain('profile:manage');
  const { rows } = await user.database.pool.query<{ days: number }>(
    `SELECT extract(epoch FROM expires_at - now()) / 86400 AS days FROM oidc_artifacts WHERE model = 'RefreshToken'`,
  );
  expect(Math.max(...rows.map(({ days }) => Number(days)))).toBeLessThanOrEqual(30);
});

test('a rotated token keeps the expiry of its predecessor', async () => {
  const person = browser();
  const { refresh_token } = await person.signIn(ann.email, password);
  await shortenTo(refresh_token, 100);
  await person.refresh(refresh_token);
  const { rows } = await user.database.pool.query<{ seconds: string }>(
    `SELECT extract(epoch FROM expires_at - now()) AS seconds FROM oidc_artifacts
     WHERE model = 'RefreshToken' ORDER BY expires_at LIMIT 2`,
  );
  for (const { seconds } of rows) expect(Number(seconds)).toBeLessThanOrEqual(100);
});

test('tabs that refresh at the same instant all stay signed in', async () => {
  const person = browser();
  const { refresh_token } = await person.signIn(ann.email, password);
  const responses = await Promise.all(Array.from({ length: 10 }, () => person.refresh(refresh_token)));
  expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(200));
  const last = await json<Tokens>(responses.at(-1)!);
  expect((await person.refresh(last.refresh_token)).status).toBe(200);
});

test('beyond the window a used token is refused, and so are all its successors, and it is a security event', async () => {
  const person = browser();
  const first = await person.signIn(ann.email, password);
  const second = await json<Tokens>(await person.refresh(first.refresh_token));
  await usedAgo(first.refresh_token, 11);
  const before = await reuses();
  expect(await json(await person.refresh(first.refresh_token))).toMatchObject({ error: 'invalid_grant' });
  expect(await json(await person.refresh(second.refresh_token))).toMatchObject({ error: 'invalid_grant' });
  expect(await reuses()).toBe(before + 1);
});

test('within the window, only the token before the newest one may come again', async () => {
  const person = browser();
  const first = await person.signIn(ann.email, password);
  const second = await json<Tokens>(await person.refresh(first.refresh_token));
  const third = await json<Tokens>(await person.refresh(second.refresh_token));
  expect((await person.refresh(first.refresh_token)).status).toBe(400);
  for (const { refresh_token } of [second, third]) expect((await person.refresh(refresh_token)).status).toBe(400);
});

test('a thief who used a token within the window is found at the next refresh', async () => {
  const person = browser();
  const { refresh_token } = await person.signIn(ann.email, password);
  const mine = await json<Tokens>(await person.refresh(refresh_token));
  const stolen = await json<Tokens>(await person.refresh(refresh_token));
  const next = await json<Tokens>(await person.refresh(mine.refresh_token));
  await usedAgo(mine.refresh_token, 11);
  expect((await person.refresh(stolen.refresh_token)).status).toBe(400);
  expect((await person.refresh(next.refresh_token)).status).toBe(400);
});

test('a second sign-in of the same browser has tokens of its own', async () => {
  const person = browser();
  const first = await person.signIn(ann.email, password);
  const { url } = await person.open();
  const other = await json<Tokens>(await person.exchange(new URL(url).searchParams.get('code')!));
  await person.refresh(first.refresh_token);
  await usedAgo(first.refresh_token, 11);
  expect((await person.refresh(other.refresh_token)).status).toBe(200);
});

test('another client cannot use the window', async () => {
  const person = browser();
  const { refresh_token } = await person.signIn(ann.email, password);
  await person.refresh(refresh_token);
  const body = new URLSearchParams({ client_id: 'causeway-docs', grant_type: 'refresh_token', refresh_token });
  expect((await fetch(`${user.issuer}/token`, { method: 'POST', body })).status).toBe(400);
});

describe('without a window', () => {
  let strict: UserService;
  beforeAll(async () => {
    const port = Number(new URL(user.origin).port);
    const shared = { database: user.database, nats: user.nats, port };
    strict = await startUserService({ REFRESH_TOKEN_REUSE_MS: '0' }, shared);
  });
  afterAll(() => strict?.stop());
  const refresh = (refreshToken: string) =>
    fetch(`${strict.origin}/oidc/token`, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: 'causeway-demo',
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
      }),
    });

  test('of ten simultaneous uses at most one succeeds, and its successor is revoked', async () => {
    const { refresh_token } = await browser().signIn(ann.email, password);
    const responses = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const response = await refresh(refresh_token);
        return { status: response.status, body: await json<Tokens>(response) };
      }),
    );
    const won = responses.filter(({ status }) => status === 200);
    expect(won.length).toBeLessThanOrEqual(1);
    for (const { body } of won) expect((await refresh(body.refresh_token)).status).toBe(400);
  });
});

test('signing out revokes the tokens of the session', async () => {
  const person = browser();
  const tokens = await person.signIn(ann.email, password);
  const page = await person.fetch(
    `${user.issuer}/session/end?client_id=causeway-demo&id_token_hint=${tokens.id_token}`,
  );
  const html = await page.text();
  expect(html).toContain('Sign out?');
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(html)![1]!;
  const action = /action="([^"]+)"/.exec(html)![1]!;
  const { response } = await person.submit(action, { xsrf, logout: 'yes' });
  expect(await response.text()).toContain('Signed out');
  expect((await person.refresh(tokens.refresh_token)).status).toBe(400);
  expect(await (await person.open()).response.text()).toContain('type="password"');
});

test('a revoked token is refused', async () => {
  const person = browser();
  const { refresh_token } = await person.signIn(ann.email, password);
  const body = new URLSearchParams({ client_id: 'causeway-demo', token: refresh_token });
  expect((await fetch(`${user.issuer}/token/revocation`, { method: 'POST', body })).status).toBe(200);
  expect((await person.refresh(refresh_token)).status).toBe(400);
});
