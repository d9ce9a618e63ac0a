import type { Sql } from '@causeway/persistence';
import { decodeJwt } from 'jose';
import { endAllSessions } from '../src/sessions/sessions.js';
import { addPasskey, Authenticator, offerIn, type Deviation } from '../src/testing/authenticator.js';
import { Browser } from '../src/testing/browser.js';
import { password, redirectUri, startUserService, type Person, type UserService } from '../src/testing/user-service.js';
import { UNIT_OF_WORK, type UserUnitOfWork } from '../src/tokens.js';

let user: UserService;
beforeAll(async () => {
  user = await startUserService({}, { host: 'localhost' });
});
afterAll(() => user?.stop());

let host = 1;
const elsewhere = () => new Browser(user.issuer, redirectUri, { 'x-forwarded-for': `198.51.100.${host++}` });
const pageUrl = () => `${user.issuer}/passkeys`;
const signedIn = async (person: Person) => {
  const browser = elsewhere();
  const tokens = await browser.signIn(person.email, password);
  return { browser, tokens };
};
/** A person with a passkey, and the browser in which it was added. */
const somebody = async () => {
  const person = await user.person();
  const { browser, tokens } = await signedIn(person);
  return { person, browser, tokens, device: await addPasskey(browser, user.issuer) };
};
/** Begins a sign-in, and answers its challenge. */
const begin = async () => {
  const browser = elsewhere();
  const { response, url } = await browser.open();
  const offer = offerIn(await response.text());
  const answer = async (credential: string) => browser.submit(`${url}/passkey`, { credential });
  return { browser, url, offer, answer };
};
const signIn = async (device: Authenticator, deviation?: Deviation) => {
  const { browser, offer, answer } = await begin();
  const { url, response } = await answer(device.get(offer, deviation));
  const code = new URL(url).searchParams.get('code');
  return { browser, code, status: response.status, html: code ? '' : await response.text() };
};
const events = async (person: Person) => {
  const { rows } = await user.database.pool.query(
    `SELECT type, outcome, details->>'method' AS method FROM causeway.security_events
      WHERE $1 IN (actor, subject) AND type <> 'user.registered' ORDER BY at, id`,
    [person.id],
  );
  return rows.map(({ type, outcome, method }: Record<string, string>) =>
    [type, outcome, method].filter(Boolean).join(' '),
  );
};
const age = (person: Person) =>
  user.database.pool.query(`UPDATE sessions SET signed_in_at = now() - interval '11 minutes' WHERE user_id = $1`, [
    person.id,
  ]);

/** Begins requests while a transaction holds a row that they need, and lets them go on when all wait for it. */
const whileLocked = async <T>(lock: (sql: Sql) => Promise<unknown>, requests: (() => Promise<T>)[]): Promise<T[]> => {
  const waiting = async () => {
    const { rows } = await user.database.pool.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return rows[0]!.n;
  };
  let responses: Promise<T[]> | undefined;
  let settled = false;
  await user.app.get<UserUnitOfWork>(UNIT_OF_WORK).run(async ({ sql }) => {
    await lock(sql);
    responses = Promise.all(requests.map((request) => request())).finally(() => (settled = true));
    while (!settled && (await waiting()) < requests.length) await new Promise((resolve) => setTimeout(resolve, 10));
  });
  return responses!;
};

describe('signing in with a passkey', () => {
  test('gives the tokens of the account, without a password, and is on record', async () => {
    const { person, device } = await somebody();
    const { browser, code } = await signIn(device);
    const tokens = (await (await browser.exchange(code!)).json()) as { access_token: string };
    expect(decodeJwt(tokens.access_token)).toMatchObject({ sub: person.id, sid: expect.any(String) });
    expect(browser.cookies.has('_browser')).toBe(true);
    expect(await events(person)).toEqual([
      'sign-in.succeeded success password',
      'passkey.added success',
      'sign-in.succeeded success passkey',
    ]);
    const page = await browser.fetch(pageUrl());
    expect(await page.text()).toMatch(/My telephone[^]*last used on \d{4}-/);
  });

  const fails = async (device: Authenticator, deviation: Deviation): Promise<void> => {
    const { status, html } = await signIn(device, deviation);
    expect([status, html]).toEqual([401, expect.stringContaining('This passkey does not open an account.')]);
  };

  test.each<[string, Deviation]>([
    ['for another origin', { origin: 'http://localhost.example' }],
    ['for another host', { rpId: 'example.org' }],
    ['of a challenge that nobody made', { challenge: 'A'.repeat(43) }],
    ['by somebody whom the device has not verified', { userVerified: false }],
    ['that names no account', { userHandle: undefined }],
  ])('a signature %s is refused; the next one is not', async (_title, deviation) => {
    const { device } = await somebody();
    await fails(device, deviation);
    expect((await signIn(device)).code).toEqual(expect.any(String));
  });

  test('a challenge works once, and only in the sign-in that it was made for', async () => {
    const { device } = await somebody();
    const [mine, other] = [await begin(), await begin()];
    expect((await other.answer(device.get(mine.offer))).response.status).toBe(401);
    // Of a device that does not count: the counter would refuse the replay, too.
    const body = new URLSearchParams({ credential: device.get(mine.offer, { counter: 0 }) });
    const post = () => mine.browser.fetch(`${mine.url}/passkey`, { method: 'POST', body });
    expect([(await post()).status, (await post()).status]).toEqual([303, 401]);

    const late = await begin();
    await user.database.pool.query(`UPDATE passkey_challenges SET expires_at = now()`);
    expect((await late.answer(device.get(late.offer))).response.status).toBe(401);
  });

  test('a counter that goes back, or does not move, is a copy of the key and is refused', async () => {
    const { device } = await somebody();
    expect((await signIn(device, { counter: 7 })).code).toEqual(expect.any(String));
    await fails(device, { counter: 7 });
    await fails(device, { counter: 3 });
    expect((await signIn(device, { counter: 8 })).code).toEqual(expect.any(String));
  });

  test('of two copies of a key that sign at the same instant, one gets in', async () => {
    const { person, device } = await somebody();
    const [one, two] = await whileLocked(
      (sql) => sql.query('SELECT 1 FROM passkeys WHERE user_id = $1 FOR UPDATE', [person.id]),
      [() => signIn(device, { counter: 5 }), () => signIn(device, { counter: 5 })],
    );
    expect([one!.code, two!.code].filter(Boolean)).toHaveLength(1);
  });

  test('somebody else’s passkey does not open the account that it names, nor its own', async () => {
    const [ann, bob] = [await somebody(), await somebody()];
    await fails(bob.device, { userHandle: ann.device.userHandle! });
    const thief = new Authenticator(user.issuer);
    Object.assign(thief, { id: ann.device.id, userHandle: ann.device.userHandle });
    await fails(thief, {});
    expect((await events(ann.person)).at(-1)).toBe('sign-in.failed failure passkey');
  });

  test.each(['', 'no JSON', '{}', '{"id":"a","response":{"clientDataJSON":"bm8"}}', '{"id":"\\u0000","response":{}}'])(
    'what is no passkey is refused with the page: %j',
    async (credential) => {
      const { answer } = await begin();
      expect((await answer(credential)).response.status).toBe(401);
    },
  );

  test('attempts are counted as those with a password are', async () => {
    const { person, device } = await somebody();
    const place = new Browser(user.issuer, redirectUri, { 'x-forwarded-for': '203.0.113.7' });
    const attempt = async (deviation: Deviation) => {
      const { response, url } = await place.open({ prompt: 'login' });
      const credential = device.get(offerIn(await response.text()), deviation);
      return (await place.submit(`${url}/passkey`, { credential })).response.status;
    };
    for (let n = 0; n < 5; n++) expect(await attempt({ userVerified: false })).toBe(401);
    expect(await attempt({})).toBe(429);
    expect((await events(person)).at(-1)).toBe('sign-in.throttled denied passkey');
    expect((await signIn(device)).code).toEqual(expect.any(String));
  });
});

describe('the page of the passkeys', () => {
  test('is for somebody who has signed in within ten minutes; everybody else comes to the sign-in, and back', async () => {
    const person = await user.person();
    const browser = elsewhere();
    const { url } = await browser.follow(await browser.fetch(pageUrl()));
    expect(url).toContain('/interaction/');
    const back = await browser.submit(url, { email: person.email, password });
    expect(back.url).toContain(pageUrl());
    expect([...new URL(back.url).searchParams.keys()]).toEqual(['iss']);
    expect(await back.response.text()).toContain('Add a passkey');

    const page = offerIn(await (await browser.fetch(pageUrl())).text());
    await age(person);
    const late = { name: 'late', credential: new Authenticator(user.issuer).create(page) };
    for (const attempt of [browser.submit(pageUrl(), late), browser.submit(`${pageUrl()}/remove`, { id: 'x' })])
      expect((await attempt).url).toContain('/interaction/');
    expect(await events(person)).not.toContain('passkey.added success');
  });

  test('whoever cancels that sign-in is not sent there again', async () => {
    const browser = elsewhere();
    const { url } = await browser.follow(await browser.fetch(pageUrl()));
    const cancelled = await browser.submit(`${url}/abort`, {});
    expect([cancelled.response.status, await cancelled.response.text()]).toEqual([
      200,
      expect.stringContaining('You are not signed in'),
    ]);
  });

  test('runs its own script and no other, and its policy says so', async () => {
    const { browser } = await somebody();
    for (const url of [pageUrl(), new Browser(user.issuer, redirectUri).authorizationUrl({ prompt: 'login' })]) {
      const { response } = await browser.follow(await browser.fetch(url));
      expect(response.headers.get('content-security-policy')).toMatch(
        new RegExp(
          `^default-src 'none'; style-src 'sha256-[^']+'; script-src ${user.issuer}/passkey-button.js; form-action`,
        ),
      );
      const html = await response.text();
      expect(html).not.toMatch(/<script>|\son\w+=|style=/);
      expect(html.match(/<script [^>]*>/g)).toEqual([`<script src="${user.issuer}/passkey-button.js">`]);
    }
    const script = await fetch(`${user.issuer}/passkey-button.js`);
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  });

  test('a new passkey is told to the owner by mail, and names that hold HTML are text', async () => {
    const person = await user.person();
    const { browser, tokens } = await signedIn(person);
    await addPasskey(browser, user.issuer, '<b>"Cupboard"</b>');
    const html = await (await browser.fetch(pageUrl())).text();
    expect(html).toMatch(/&#60;b&#62;&#34;Cupboard[^]*never used/);
    const mail = await user.mailbox.next(person.email, 'A passkey was added to your account');
    expect(mail.link).toBe(`${user.issuer}/password/forgotten`);
    expect((await browser.refresh(tokens.refresh_token)).status).toBe(200);
    const { rows } = await user.database.pool.query('SELECT p::text AS row FROM passkeys p WHERE user_id = $1', [
      person.id,
    ]);
    expect(rows).not.toContainEqual({ row: expect.stringContaining('Cupboard') });
  });

  test.each<[string, Deviation]>([
    ['of another origin', { origin: 'http://localhost.example' }],
    ['for another host', { rpId: 'example.org' }],
    ['for a challenge that nobody made', { challenge: 'A'.repeat(43) }],
    ['of a device that has not verified its holder', { userVerified: false }],
  ])('a passkey %s is not added', async (_title, deviation) => {
    const person = await user.person();
    const { browser } = await signedIn(person);
    const offer = offerIn(await (await browser.fetch(pageUrl())).text());
    const credential = new Authenticator(user.issuer).create(offer, deviation);
    const { response } = await browser.submit(pageUrl(), { name: 'x', credential });
    expect([response.status, await response.text()]).toEqual([422, expect.stringContaining('could not be added')]);
    expect(await events(person)).toEqual(['sign-in.succeeded success password']);
  });

  test('an answer works once, in its own session, and one passkey belongs to one account', async () => {
    const [ann, bob] = [await signedIn(await user.person()), await signedIn(await user.person())];
    const offer = offerIn(await (await ann.browser.fetch(pageUrl())).text());
    const device = new Authenticator(user.issuer);
    const credential = device.create(offer);
    const submit = async ({ browser }: typeof ann, answer: string) =>
      (await browser.submit(pageUrl(), { name: 'x', credential: answer })).response.status;
    expect(await submit(bob, credential)).toBe(422);
    expect(await submit(ann, credential)).toBe(200);
    expect(await submit(ann, credential)).toBe(422);
    const same = device.create(offerIn(await (await bob.browser.fetch(pageUrl())).text()));
    expect(await submit(bob, same)).toBe(422);
  });

  test('an account has twenty passkeys at most', async () => {
    const { browser } = await somebody();
    for (let n = 1; n < 20; n++) await addPasskey(browser, user.issuer);
    const offer = offerIn(await (await browser.fetch(pageUrl())).text());
    const credential = new Authenticator(user.issuer).create(offer);
    expect((await browser.submit(pageUrl(), { name: 'x', credential })).response.status).toBe(422);
  });

  test('a thief who adds one while the owner resets the password has none afterwards', async () => {
    const person = await user.person();
    const { browser } = await signedIn(person);
    const offer = offerIn(await (await browser.fetch(pageUrl())).text());
    const credential = new Authenticator(user.issuer).create(offer);
    const [added] = await whileLocked(
      (sql) => endAllSessions(sql, person.id),
      [() => browser.submit(pageUrl(), { name: 'x', credential })],
    );
    expect(added!.response.status).toBe(401);
    expect(await events(person)).not.toContain('passkey.added success');
  });

  test('a form that another site posts is refused', async () => {
    const { person, browser, device } = await somebody();
    const { rows } = await user.database.pool.query<{ id: string }>('SELECT id FROM passkeys WHERE user_id = $1', [
      person.id,
    ]);
    const { response } = await browser.submit(
      `${pageUrl()}/remove`,
      { id: rows[0]!.id },
      { origin: 'https://evil.example' },
    );
    expect(response.status).toBe(403);
    expect((await signIn(device)).code).toEqual(expect.any(String));
  });
});

describe('a passkey that is removed', () => {
  const idIn = (html: string) => /name="id" value="([^"]+)"/.exec(html)![1]!;
  const remove = async (browser: Browser, id: string) => browser.submit(`${pageUrl()}/remove`, { id });

  test('opens nothing any more, and what it may have opened ends', async () => {
    const { person, browser, device, tokens } = await somebody();
    const { browser: thief, code } = await signIn(device);
    const stolen = (await (await thief.exchange(code!)).json()) as { refresh_token: string };
    const { response } = await remove(browser, idIn(await (await browser.fetch(pageUrl())).text()));
    expect(await response.text()).toContain('The passkey was removed');
    for (const { refresh_token } of [stolen, tokens]) expect((await thief.refresh(refresh_token)).status).toBe(400);
    expect((await signIn(device)).status).toBe(401);
    expect(await events(person)).toContain('passkey.removed success');
    expect(await user.token(person)).toEqual(expect.any(String));
  });

  test('was its owner’s: somebody else’s is not touched', async () => {
    const [ann, bob] = [await somebody(), await somebody()];
    await remove(bob.browser, idIn(await (await ann.browser.fetch(pageUrl())).text()));
    expect((await signIn(ann.device)).code).toEqual(expect.any(String));
    expect((await signIn(bob.device)).code).toEqual(expect.any(String));
  });

  test('is removed with a reset of the password, and kept when somebody changes it who knows it', async () => {
    const { person, device, tokens } = await somebody();
    const next = 'Rosen-im-Dezemberschnee';
    const changed = await user.send('PUT', '/v1/users/me/password', {
      body: { currentPassword: password, newPassword: next },
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    expect(changed.status).toBe(204);
    expect((await signIn(device)).code).toEqual(expect.any(String));

    const form = (path: string, fields: Record<string, string>) =>
      elsewhere().fetch(`${user.issuer}${path}`, { method: 'POST', body: new URLSearchParams(fields) });
    await form('/password/forgotten', { email: person.email });
    const { link } = await user.mailbox.next(person.email, 'Reset your password');
    const token = new URL(link).searchParams.get('token')!;
    expect((await form('/password/new', { token, password })).status).toBe(200);
    expect((await signIn(device)).status).toBe(401);
  });

  test('goes with the account', async () => {
    const { person, device, tokens } = await somebody();
    const headers = { authorization: `Bearer ${tokens.access_token}`, 'if-match': '"1"' };
    expect((await user.send('DELETE', '/v1/users/me', { headers })).status).toBe(204);
    expect((await signIn(device)).status).toBe(401);
    const { rows } = await user.database.pool.query('SELECT 1 FROM passkeys WHERE user_id = $1', [person.id]);
    expect(rows).toEqual([]);
  });
});

test('where the issuer is an IP address there are no passkeys: neither the button, nor a script, nor the page', async () => {
  const plain = await startUserService({}, { database: user.database, nats: user.nats });
  try {
    const { response } = await new Browser(plain.issuer, redirectUri).open();
    expect(response.headers.get('content-security-policy')).not.toContain('script-src');
    expect(await response.text()).not.toMatch(/passkey|<script/);
    expect((await fetch(`${plain.issuer}/passkeys`)).status).toBe(404);
  } finally {
    await plain.stop();
  }
});
