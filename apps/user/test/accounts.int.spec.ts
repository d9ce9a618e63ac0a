import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { poolSql } from '@causeway/persistence';
import { decodeJwt } from 'jose';
import { useUpLink } from '../src/mail/account-links.js';
import { Browser } from '../src/testing/browser.js';
import { password, redirectUri, startUserService, type Person, type UserService } from '../src/testing/user-service.js';

let user: UserService;
beforeAll(async () => {
  user = await startUserService();
});
afterAll(() => user?.stop());

const next = 'Rosen-im-Dezemberschnee';
let host = 1;
const elsewhere = () => new Browser(user.issuer, redirectUri, { 'x-forwarded-for': `198.51.100.${host++}` });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const form = (browser: Browser, path: string, fields: Record<string, string>) =>
  browser.fetch(`${user.issuer}${path}`, { method: 'POST', body: new URLSearchParams(fields) });
const signInWith = async (person: Person, secret: string) => {
  const browser = elsewhere();
  const page = await browser.open();
  return (await browser.submit(page.url, { email: person.email, password: secret })).url.includes('code=');
};
const events = async (person: Person, type: string) => {
  const { rows } = await user.database.pool.query<{ outcome: string }>(
    'SELECT outcome FROM causeway.security_events WHERE type = $1 AND actor = $2 ORDER BY 1',
    [type, person.id],
  );
  return rows.map(({ outcome }) => outcome);
};

describe('changing the password', () => {
  const change = (token: string, body: unknown) =>
    user.send('PUT', '/v1/users/me/password', { body, headers: bearer(token) });

  test('needs the current one, ends every session and refresh token, and is told to the owner', async () => {
    const person = await user.person();
    const browsers = [elsewhere(), elsewhere()] as const;
    const [own, other] = await Promise.all(browsers.map((browser) => browser.signIn(person.email, password)));
    expect((await change(own!.access_token, { currentPassword: password, newPassword: next })).status).toBe(204);
    for (const { refresh_token } of [own!, other!]) expect((await browsers[0].refresh(refresh_token)).status).toBe(400);
    for (const browser of browsers) expect((await browser.open()).url).toContain('/interaction/');
    expect([await signInWith(person, password), await signInWith(person, next)]).toEqual([false, true]);
    const mail = await user.mailbox.next(person.email, 'Your password was changed');
    expect(mail.link).toBe(`${user.issuer}/password/forgotten`);
    expect(mail.text).not.toContain(next);
    expect(await events(person, 'password.changed')).toEqual(['success']);
  });

  test('a token without the password changes nothing, and may guess five times', async () => {
    const person = await user.person();
    const token = await user.token(person);
    for (let n = 0; n < 5; n++) {
      const response = await change(token, { currentPassword: `guess ${n}`, newPassword: next });
      expect(response.status).toBe(422);
      expect(await response.json()).toMatchObject({
        code: 'PASSWORD_INCORRECT',
        errors: [{ path: '/currentPassword' }],
      });
    }
    const refused = await change(token, { currentPassword: password, newPassword: next });
    expect(refused.status).toBe(429);
    // Nobody has signed in here: what is said fits whatever was tried too often.
    expect(await refused.json()).toMatchObject({ code: 'RATE_LIMITED', detail: 'too many attempts' });
    expect(await signInWith(person, password)).toBe(true);
    expect(await events(person, 'password.changed')).toEqual(Array(5).fill('failure'));
  });

  test.each([
    ['short', 'short-pw-11', 'VALIDATION_FAILED'],
    ['short once it is normalised', 'e\u0301'.repeat(6), 'VALIDATION_FAILED'],
    ['common', 'Password-2026!', 'PASSWORD_TOO_COMMON'],
  ])('a password that is %s is refused', async (_title, newPassword, code) => {
    const token = await user.token(await user.person());
    const response = await change(token, { currentPassword: password, newPassword });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code, errors: [{ path: '/newPassword' }] });
  });

  test('of two changes at the same instant, one succeeds', async () => {
    const person = await user.person();
    const token = await user.token(person);
    const responses = await Promise.all(
      ['A', 'B'].map((tail) => change(token, { currentPassword: password, newPassword: next + tail })),
    );
    expect(responses.map(({ status }) => status).sort()).toEqual([204, 422]);
  });
});

describe('resetting the password', () => {
  const forgotten = (email: string, browser = elsewhere()) => form(browser, '/password/forgotten', { email });
  const linkOf = async (person: Person, count = 1) => {
    const { link } = await user.mailbox.next(person.email, 'Reset your password', count);
    return { link, token: new URL(link).searchParams.get('token')! };
  };

  test('the link sets the password once, ends every session, and makes this browser known', async () => {
    const person = await user.person();
    const before = await elsewhere().signIn(person.email, password);
    const browser = elsewhere();
    expect((await forgotten(person.email)).status).toBe(200);
    const { link, token } = await linkOf(person);
    const page = await browser.fetch(link);
    expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(await page.text()).toContain('autocomplete="new-password"');
    expect(await signInWith(person, password)).toBe(true);

    const done = await form(browser, '/password/new', { token, password: next });
    expect([done.status, await done.text()]).toEqual([200, expect.stringContaining('Your password was changed')]);
    expect(browser.cookies.get('_browser')?.value).toMatch(/^[\w-]{43}$/);
    expect([await signInWith(person, password), await signInWith(person, next)]).toEqual([false, true]);
    expect((await browser.refresh(before.refresh_token)).status).toBe(400);
    expect((await browser.fetch(link)).status).toBe(410);
    const again = await form(browser, '/password/new', { token, password: 'Narzissen-im-Aprilwind' });
    expect([again.status, await signInWith(person, next)]).toEqual([410, true]);
    await user.mailbox.next(person.email, 'Your password was changed');
    expect(await events(person, 'password.reset')).toEqual(['success']);
  });

  test('the customer is let in at once during an attack: the link makes the browser known', async () => {
    const person = await user.person();
    await forgotten(person.email);
    const { token } = await linkOf(person);
    const browser = elsewhere();
    await form(browser, '/password/new', { token, password: next });
    for (let n = 0; n < 20; n++) await signInWith(person, 'wrong wrong wrong');
    const page = await browser.open();
    expect((await browser.submit(page.url, { email: person.email, password: next })).url).toContain('code=');
  });

  test('an address that nobody registered gets the same answer after the same work, and no mail', async () => {
    const person = await user.person();
    const answers: string[] = [];
    const { pool } = user.database;
    await pool.query(`CREATE TABLE written (id uuid);
      CREATE FUNCTION log_written() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        'BEGIN INSERT INTO public.written VALUES (NEW.id); RETURN NEW; END';
      CREATE TRIGGER log_written AFTER INSERT ON mails FOR EACH ROW EXECUTE FUNCTION log_written()`);
    const written: unknown[] = [];
    for (const email of [person.email, 'nobody-at-all@example.org']) {
      const response = await forgotten(email);
      answers.push(`${response.status} ${await response.text()} ${response.headers.get('set-cookie')}`);
      written.push((await pool.query('DELETE FROM written')).rowCount);
    }
    await pool.query('DROP TRIGGER log_written ON mails; DROP FUNCTION log_written; DROP TABLE written');
    // Both are written down in the same way; who has an account is found out later, by the queue.
    expect(written).toEqual([1, 1]);
    expect(new Set(answers).size).toBe(1);
    await linkOf(person);
    expect(await user.mailbox.of('nobody-at-all@example.org')).toEqual([]);
  });

  test('a used link uses up all links, and a changed password those that were asked for', async () => {
    const person = await user.person();
    await forgotten(person.email);
    await forgotten(person.email);
    const [first, second] = [await linkOf(person, 1), await linkOf(person, 2)];
    expect((await form(elsewhere(), '/password/new', { token: second.token, password: next })).status).toBe(200);
    expect(
      (await form(elsewhere(), '/password/new', { token: first.token, password: 'x'.repeat(12) + 'yz' })).status,
    ).toBe(410);
  });

  test('of two requests with one link at the same instant, one sets the password', async () => {
    const person = await user.person();
    await forgotten(person.email);
    const { token } = await linkOf(person);
    const statuses = await Promise.all(
      ['A', 'B', 'C'].map(
        async (tail) => (await form(elsewhere(), '/password/new', { token, password: next + tail })).status,
      ),
    );
    expect(statuses.sort()).toEqual([200, 410, 410]);
  });

  test('a link ends after 30 minutes, and is stored as a hash', async () => {
    const person = await user.person();
    await forgotten(person.email);
    const { link, token } = await linkOf(person);
    const { pool } = user.database;
    const { rows } = await pool.query<{ text: string; minutes: number }>(
      `SELECT l::text AS text, extract(epoch FROM expires_at - now())::int / 60 AS minutes FROM account_links l
        WHERE user_id = $1 AND purpose = 'reset-password'`,
      [person.id],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]!.text).not.toContain(token);
    expect(rows[0]!.minutes).toBeGreaterThanOrEqual(28);
    expect(rows[0]!.minutes).toBeLessThanOrEqual(30);
    await pool.query(`UPDATE account_links SET expires_at = now() - interval '1 second' WHERE user_id = $1`, [
      person.id,
    ]);
    expect((await elsewhere().fetch(link)).status).toBe(410);
    expect((await form(elsewhere(), '/password/new', { token, password: next })).status).toBe(410);
    // As when it ends while the new password is being hashed.
    expect(await useUpLink(poolSql(pool), token, 'reset-password')).toBeUndefined();
  });

  test.each([
    ['too short', 'short-pw-11', '12 to 256 characters'],
    ['too common', 'Password-2026!', 'too easy to guess'],
  ])('a password that is %s gets the page again, and the link stays good', async (_title, secret, words) => {
    const person = await user.person();
    await forgotten(person.email);
    const { token } = await linkOf(person);
    const refused = await form(elsewhere(), '/password/new', { token, password: secret });
    expect([refused.status, await refused.text()]).toEqual([422, expect.stringContaining(words)]);
    expect((await form(elsewhere(), '/password/new', { token, password: next })).status).toBe(200);
  });

  test('nobody’s inbox is flooded, and one address cannot ask for many', async () => {
    const person = await user.person();
    for (let n = 0; n < 5; n++) expect((await forgotten(person.email)).status).toBe(200);
    await linkOf(person, 3);
    const { rows } = await user.database.pool.query('SELECT 1 FROM mails');
    expect(rows).toEqual([]);
    expect((await user.mailbox.of(person.email)).filter(({ subject }) => subject.startsWith('Reset'))).toHaveLength(3);
    const attacker = elsewhere();
    const statuses: number[] = [];
    for (let n = 0; n < 21; n++) statuses.push((await forgotten(`victim${n}@example.org`, attacker)).status);
    expect(statuses).toEqual([...Array<number>(20).fill(200), 429]);
  });

  test('what is not an e-mail address gets the form again, and a form of another site is refused', async () => {
    const response = await forgotten('no address');
    expect([response.status, await response.text()]).toEqual([422, expect.stringContaining('role="alert"')]);
    const foreign = await elsewhere().fetch(`${user.issuer}/password/forgotten`, {
      method: 'POST',
      body: new URLSearchParams({ email: 'ann@example.org' }),
      headers: { origin: 'https://evil.example' },
    });
    expect(foreign.status).toBe(403);
  });
});

describe('confirming the e-mail address', () => {
  const confirmation = async (person: Person, count = 1) => {
    const { link } = await user.mailbox.next(person.email, 'Confirm your e-mail address', count);
    return { link, token: new URL(link).searchParams.get('token')! };
  };
  const claim = async (person: Person) => {
    const { id_token } = await elsewhere().signIn(person.email, password, { scope: 'openid email profile:manage' });
    return decodeJwt(id_token!)['email_verified'];
  };
  const profile = async (token: string) =>
    (await (await user.send('GET', '/v1/users/me', { headers: bearer(token) })).json()) as { emailVerified: boolean };

  test('happens by a form behind the link of the mail, once; before that, people sign in as usual', async () => {
    const person = await user.person();
    expect(await claim(person)).toBe(false);
    const token = await user.token(person);
    const { link, token: secret } = await confirmation(person);
    expect((await elsewhere().fetch(link)).status).toBe(200);
    // A program that checks the links of mails follows them; that proves nothing.
    expect((await profile(token)).emailVerified).toBe(false);
    expect((await form(elsewhere(), '/email/confirm', { token: secret })).status).toBe(200);
    expect([await claim(person), (await profile(token)).emailVerified]).toEqual([true, true]);
    expect((await form(elsewhere(), '/email/confirm', { token: secret })).status).toBe(410);
    expect((await elsewhere().fetch(link)).status).toBe(410);
    expect(await events(person, 'email.verified')).toEqual(['success']);
  });

  test('the link is sent again, three times in an hour, and not once the address is confirmed', async () => {
    const person = await user.person();
    const headers = bearer(await user.token(person));
    const again = async () => (await user.send('POST', '/v1/users/me/email-confirmation', { headers })).status;
    expect([await again(), await again()]).toEqual([204, 204]);
    const { token } = await confirmation(person, 3);
    await form(elsewhere(), '/email/confirm', { token });
    expect([await again(), await again()]).toEqual([204, 429]);
    const { rowCount } = await user.database.pool.query('SELECT 1 FROM account_links WHERE user_id = $1', [person.id]);
    expect(rowCount).toBe(0);
  });

  test('a link for one purpose does not serve the other', async () => {
    const person = await user.person();
    const { token } = await confirmation(person);
    expect((await form(elsewhere(), '/password/new', { token, password: next })).status).toBe(410);
    expect(await signInWith(person, password)).toBe(true);
  });
});

describe('registration', () => {
  test('tells one address only so often that an e-mail address is taken', async () => {
    const { email } = await user.person();
    const register = async (address: string, of = email) => {
      const response = await user.post(
        '/v1/users',
        { email: of, password, displayName: 'Eve' },
        { 'x-forwarded-for': address },
      );
      return response.status;
    };
    const statuses: number[] = [];
    for (let n = 0; n < 21; n++) statuses.push(await register('203.0.113.50'));
    expect(statuses).toEqual([...Array<number>(20).fill(409), 429]);
    expect(await register('203.0.113.50', 'free-address@example.org')).toBe(429);
    expect(await register('203.0.113.51', 'free-address@example.org')).toBe(201);
  });
});

describe('mail', () => {
  test('waits for a mail server that is down, and is sent when it is back', async () => {
    const { port, received, start, stop } = await smtpServer();
    await stop();
    const down = await startUserService({ MAIL_URL: `smtp://127.0.0.1:${port}` });
    try {
      const { email } = await down.person();
      await until(
        async () => (await down.database.pool.query('SELECT 1 FROM mails WHERE attempts > 0')).rowCount === 1,
      );
      await start();
      await down.database.pool.query('UPDATE mails SET due_at = now()');
      await until(async () => (await down.database.pool.query('SELECT 1 FROM mails')).rowCount === 0);
      expect(received.join('')).toContain(`To: ${email.replace('Example', 'example')}`);
      expect(received.join('')).toContain('Subject: Confirm your e-mail address');
    } finally {
      await down.stop();
      await stop();
    }
  });

  test('nothing of a mail is readable in the database, neither the address nor the link', async () => {
    const { port, stop } = await smtpServer();
    await stop();
    const down = await startUserService({ MAIL_URL: `smtp://127.0.0.1:${port}` });
    try {
      await down.person();
      const { rows } = await down.database.pool.query<{ text: string }>('SELECT m::text AS text FROM mails m');
      expect(rows).toHaveLength(1);
      expect(rows[0]!.text).not.toMatch(/@|confirm|token/i);
    } finally {
      await down.stop();
    }
  });
});

/** As much of SMTP (RFC 5321) as a client needs to hand over a mail. */
async function smtpServer() {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  let server: Server;
  const start = (port = 0) =>
    new Promise<number>((resolve) => {
      server = createServer((socket) => {
        sockets.add(socket);
        let data = false;
        socket.write('220 test\r\n');
        socket.on('error', () => undefined);
        socket.on('data', (chunk) => {
          for (const line of chunk.toString().split('\r\n').slice(0, -1)) {
            if (data && line !== '.') received.push(`${line}\n`);
            else if (data) socket.write(((data = false), '250 taken\r\n'));
            else if (line === 'DATA') socket.write(((data = true), '354 go on\r\n'));
            else socket.write(line === 'QUIT' ? '221 bye\r\n' : '250 test\r\n');
          }
        });
      }).listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
  const port = await start();
  return {
    port,
    received,
    start: () => start(port),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function until(condition: () => Promise<boolean>, withinMs = 20_000): Promise<void> {
  for (const end = Date.now() + withinMs; !(await condition());) {
    if (Date.now() > end) throw new Error('condition was not met in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
