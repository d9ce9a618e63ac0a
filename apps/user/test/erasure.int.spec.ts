import { Browser } from '../src/testing/browser.js';
import { password, redirectUri, startUserService, type UserService } from '../src/testing/user-service.js';

let user: UserService;
beforeAll(async () => {
  user = await startUserService();
});
afterAll(() => user?.stop());

const address = {
  label: 'Home',
  recipient: 'Cem Quill',
  line1: 'Long Lane 1',
  postalCode: '1',
  city: 'Ely',
  country: 'GB',
};

async function somebody() {
  const { id, email } = await user.person();
  const browser = new Browser(user.issuer, redirectUri);
  const tokens = await browser.signIn(email, password);
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  expect((await user.post('/v1/users/me/addresses', address, headers)).status).toBe(201);
  return { id, email, tokens, headers, browser };
}
const erase = (headers: Record<string, string>, ifMatch = '"1"') =>
  user.send('DELETE', '/v1/users/me', { headers: { ...headers, 'if-match': ifMatch } });
const codeOf = async (response: Response) => [response.status, ((await response.json()) as { code: string }).code];

/** Rows of all tables that contain a text, such as an id or a ciphertext. */
async function rowsWith(...texts: string[]): Promise<string[]> {
  const { rows: tables } = await user.database.pool.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('public', 'causeway')`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const { rows } = await user.database.pool.query<{ row: string }>(
      `SELECT t::text AS row FROM ${name} t WHERE EXISTS (SELECT 1 FROM unnest($1::text[]) x WHERE strpos(t::text, x) > 0)`,
      [texts],
    );
    found.push(...rows.map(({ row }) => `${name} ${row}`));
  }
  return found;
}

/** Everything encrypted about a person, before it is gone. */
async function sealedOf(id: string): Promise<string[]> {
  const { rows } = await user.database.pool.query<{ sealed: string }>(
    `SELECT unnest(array[email_sealed, display_name_sealed, email_index]) AS sealed FROM users WHERE id = $1::uuid
     UNION ALL SELECT unnest(array[recipient_sealed, line1_sealed, city_sealed]) FROM addresses WHERE user_id = $1::uuid
     UNION ALL SELECT browser_sealed FROM sessions WHERE user_id = $1::uuid
     UNION ALL SELECT body ->> 'sealed' FROM causeway.idempotency WHERE subject = $1::text OR body ->> 'owner' = $1::text
     UNION ALL SELECT a.payload_sealed FROM oidc_artifacts a JOIN sessions s ON s.uid_hash = a.session_hash WHERE s.user_id = $1::uuid`,
    [id],
  );
  return rows.map(({ sealed }) => sealed);
}

test('nothing of the person is left, in the clear or encrypted; only events with the id; and the address is free again', async () => {
  const { id, email, tokens, headers } = await somebody();
  const sealed = await sealedOf(id);
  expect(sealed.length).toBeGreaterThan(8); // profile, address, session, two stored responses, grant, tokens
  expect((await rowsWith(...sealed)).length).toBeGreaterThan(5);
  expect((await erase(headers)).status).toBe(204);

  expect(await rowsWith(email, 'Ann Bell', 'Long Lane', ...sealed)).toEqual([]);
  const tables = (await rowsWith(id)).map((row) => row.split(' ')[0]);
  expect(new Set(tables)).toEqual(new Set(['causeway.outbox', 'causeway.security_events']));
  const events = await user.database.pool.query(
    `SELECT envelope -> 'data' AS data FROM causeway.outbox WHERE aggregate_id = $1 ORDER BY position`,
    [id],
  );
  expect(events.rows.at(-1)).toEqual({ data: { userId: id, erasedAt: expect.any(String) } });
  const audit = await user.database.pool.query(`SELECT type FROM causeway.security_events WHERE actor = $1`, [id]);
  expect(audit.rows).toContainEqual({ type: 'account.erased' });

  // The access token that is still valid finds nothing, and adds nothing.
  expect(await codeOf(await user.send('GET', '/v1/users/me', { headers }))).toEqual([404, 'NOT_FOUND']);
  expect(await codeOf(await user.post('/v1/users/me/addresses', address, headers))).toEqual([404, 'NOT_FOUND']);
  expect((await erase(headers)).status).toBe(401);
  const body = new URLSearchParams({
    client_id: 'causeway-demo',
    grant_type: 'refresh_token',
    refresh_token: tokens.refresh_token,
  });
  expect((await fetch(`${user.issuer}/token`, { method: 'POST', body })).status).toBe(400);
  const again = await user.post('/v1/users', { email, password, displayName: 'Somebody else' });
  expect(again.status).toBe(201);
});

test('a sign-in of more than ten minutes ago is not enough; a new one in the same browser is', async () => {
  const { id, email, headers, browser } = await somebody();
  await user.database.pool.query(
    `UPDATE sessions SET signed_in_at = now() - interval '11 minutes' WHERE user_id = $1`,
    [id],
  );
  const refused = await erase(headers);
  expect(refused.headers.get('www-authenticate')).toBe(
    'Bearer error="insufficient_user_authentication", max_age="600"',
  );
  expect(await codeOf(refused)).toEqual([401, 'SIGN_IN_TOO_OLD']);
  const { access_token } = await browser.signIn(email, password, { prompt: 'login' });
  expect((await erase({ authorization: `Bearer ${access_token}` })).status).toBe(204);
});

test('a fresh sign-in elsewhere, an ended session and an old version do not erase', async () => {
  const { id, email, headers } = await somebody();
  expect(await codeOf(await erase(headers, '"7"'))).toEqual([412, 'VERSION_STALE']);
  expect(await codeOf(await user.send('DELETE', '/v1/users/me', { headers }))).toEqual([428, 'IF_MATCH_REQUIRED']);
  await user.database.pool.query(
    `UPDATE sessions SET signed_in_at = now() - interval '11 minutes' WHERE user_id = $1`,
    [id],
  );
  await new Browser(user.issuer, redirectUri).signIn(email, password);
  expect(await codeOf(await erase(headers))).toEqual([401, 'SIGN_IN_TOO_OLD']);
  await user.database.pool.query('UPDATE sessions SET signed_in_at = now(), ended_at = now() WHERE user_id = $1', [id]);
  expect(await codeOf(await erase(headers))).toEqual([401, 'SIGN_IN_TOO_OLD']);
  expect((await user.send('GET', '/v1/users/me', { headers })).status).toBe(200);
});

test('two requests at once erase once', async () => {
  const { id, headers } = await somebody();
  const statuses = (await Promise.all([erase(headers), erase(headers)])).map(({ status }) => status).sort();
  expect(statuses[0]).toBe(204);
  expect([401, 404]).toContain(statuses[1]);
  const events = await user.database.pool.query(
    `SELECT 1 FROM causeway.outbox WHERE aggregate_id = $1 AND subject = 'user.evt.erased.v1'`,
    [id],
  );
  expect(events.rows).toHaveLength(1);
});
