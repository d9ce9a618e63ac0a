import { BlindIndex } from '@causeway/persistence';
import { policies } from '@causeway/resilience';
import { PgLoginThrottle } from '../src/oidc/pg-login-throttle.js';
import { LoginThrottled } from '../src/oidc/sign-in.errors.js';
import { Browser } from '../src/testing/browser.js';
import { password, redirectUri, startUserService, type Person, type UserService } from '../src/testing/user-service.js';

let user: UserService;
let ann: Person;
beforeAll(async () => {
  user = await startUserService({ LOGIN_FAILURES_PER_ACCOUNT: '3', LOGIN_FAILURES_PER_ADDRESS: '6' });
  ann = await user.person();
});
afterAll(() => user?.stop());

let host = 1;
/** A browser at another address, as the gateway would report it. */
const elsewhere = (address = `198.51.100.${host++}`) =>
  new Browser(user.issuer, redirectUri, { 'x-forwarded-for': address });

describe('the sign-in page', () => {
  test('needs no script, loads nothing, and cannot be framed or cached', async () => {
    const { response } = await elsewhere().open();
    const policy = response.headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain(`form-action 'self' ${new URL(redirectUri).origin}`);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const html = await response.text();
    expect(html).not.toMatch(/<script|\son\w+=|src=|http:/);
    expect(html).toContain('<html lang="en">');
    for (const field of ['email', 'password'])
      expect(html).toMatch(new RegExp(`<label for="${field}">.*\n?<input id="${field}"`));
  });

  test('sets cookies that are HttpOnly, SameSite=Lax, signed and bound to the path of this sign-in', async () => {
    const response = await fetch(elsewhere().authorizationUrl(), { redirect: 'manual' });
    const cookies = response.headers.getSetCookie().filter((line) => !line.startsWith('_session'));
    expect(cookies.map((line) => line.split('=')[0])).toEqual(
      expect.arrayContaining(['_interaction', '_interaction.sig', '_interaction_resume', '_interaction_resume.sig']),
    );
    for (const line of cookies) {
      expect(line).toMatch(/; httponly/i);
      expect(line).toMatch(/; samesite=lax/i);
      expect(line).toMatch(/; path=\/oidc\/(interaction|auth)\/[\w-]{20,}/i);
    }
  });

  test('responds to a wrong password with 401 and the same page, with the address filled in but not the password', async () => {
    const browser = elsewhere();
    const page = await browser.open();
    const { response } = await browser.submit(page.url, { email: ann.email, password: 'not the "right" one' });
    expect(response.status).toBe(401);
    const html = await response.text();
    expect(html).toContain('role="alert"');
    expect(html).toContain(`value="${ann.email}"`);
    expect(html).not.toContain('right&#34;');
    const { url } = await browser.submit(page.url, { email: ann.email, password });
    expect(url).toContain('code=');
  });

  test('escapes text from the form', async () => {
    const browser = elsewhere();
    const page = await browser.open();
    const { response } = await browser.submit(page.url, { email: '"><script>alert(1)</script>', password: 'x' });
    expect(await response.text()).not.toContain('<script>');
  });

  test('responds to an unknown address the same way, after the same work', async () => {
    const hashes = () => policies().find(({ name }) => name === 'password-hash')!.outcomes.success;
    const bodies = new Set<string>();
    const work: number[] = [];
    for (const email of [ann.email, 'unknown@example.org']) {
      const browser = elsewhere();
      const page = await browser.open();
      const before = hashes();
      const { response } = await browser.submit(page.url, { email, password: 'wrong wrong wrong' });
      work.push(hashes() - before);
      expect(response.status).toBe(401);
      bodies.add((await response.text()).replaceAll(email, '').replace(/interaction\/[\w-]+/g, ''));
    }
    expect([bodies.size, work]).toEqual([1, [1, 1]]);
  });

  test('leads back to the client with access_denied when cancelled', async () => {
    const browser = elsewhere();
    const page = await browser.open();
    const { url } = await browser.submit(`${page.url}/abort`, {});
    expect(new URL(url).searchParams.get('error')).toBe('access_denied');
    expect(url).toContain(`state=${browser.state}`);
  });
});

describe('foreign forms', () => {
  test('a form posted without the cookie of its sign-in is refused', async () => {
    const { url } = await elsewhere().open();
    const { response } = await elsewhere().submit(url, { email: ann.email, password });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('expired');
  });

  test('the cookie of one sign-in is refused for another', async () => {
    const [first, second] = [elsewhere(), elsewhere()];
    const [one, two] = [await first.open(), await second.open()];
    const stolen = second.cookies.get('_interaction')!;
    const signature = second.cookies.get('_interaction.sig')!;
    first.cookies.set('_interaction', { ...stolen, path: '/' }).set('_interaction.sig', { ...signature, path: '/' });
    // Redirects are not followed: this test is about the form, not about the end of the sign-in.
    const body = new URLSearchParams({ email: ann.email, password });
    expect((await first.fetch(one.url, { method: 'POST', body })).status).toBe(400);
    expect(two.url).not.toBe(one.url);
  });

  test('a cookie with an altered signature is refused', async () => {
    const browser = elsewhere();
    const { url } = await browser.open();
    browser.cookies.set('_interaction.sig', { ...browser.cookies.get('_interaction.sig')!, value: 'x'.repeat(27) });
    expect((await browser.submit(url, { email: ann.email, password })).response.status).toBe(400);
  });

  test('a form from another origin is refused', async () => {
    const browser = elsewhere();
    const { url } = await browser.open();
    const { response } = await browser.submit(url, { email: ann.email, password }, { origin: 'https://evil.example' });
    expect(response.status).toBe(403);
  });

  test.each([
    ['JSON', 'application/json', '{"email":"a@b.c","password":"x"}'],
    ['5 KiB', 'application/x-www-form-urlencoded', `email=${'a'.repeat(5_000)}`],
    ['ISO-8859-1', 'application/x-www-form-urlencoded; charset=iso-8859-1', 'email=a'],
    ['not UTF-8', 'application/x-www-form-urlencoded', 'email=%ff&password=x'],
  ])('%s is refused with a page', async (_title, type, body) => {
    const browser = elsewhere();
    const { url } = await browser.open();
    const response = await browser.fetch(url, { method: 'POST', body, headers: { 'content-type': type } });
    expect([400, 413, 415]).toContain(response.status);
    expect(await response.text()).toContain('The form could not be read');
    expect(response.headers.get('content-type')).toContain('text/html');
  });
});

describe('throttling', () => {
  const attempt = async (browser: Browser, email: string, secret: string) => {
    const page = await browser.open();
    return (await browser.submit(page.url, { email, password: secret })).response;
  };

  test('after three wrong passwords, even the right one must wait, but only from this address', async () => {
    const { email } = await user.person();
    const address = '203.0.113.7';
    for (let round = 0; round < 3; round++)
      expect((await attempt(elsewhere(address), email, 'wrong')).status).toBe(401);
    const refused = await attempt(elsewhere(address), email.toUpperCase(), password);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(800);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(900);
    expect(await refused.text()).toContain('15 minutes');
    expect((await attempt(elsewhere('203.0.113.8'), email, password)).status).toBe(303);
  });

  test.each([
    ['addresses of one /64', ['2001:db8::1', '2001:db8::2', '2001:db8:0:0:ffff::3', '2001:DB8::4'], '2001:db8:0:1::1'],
    [
      'spellings of an IPv4 address',
      ['203.0.113.20', '::ffff:203.0.113.20', '::ffff:cb00:7114', '::FFFF:203.0.113.20'],
      '203.0.113.21',
    ],
  ])('%s count as one client; another address does not', async (_title, addresses, other) => {
    const { email } = await user.person();
    const statuses: number[] = [];
    for (const address of addresses) statuses.push((await attempt(elsewhere(address), email, 'wrong')).status);
    expect(statuses).toEqual([401, 401, 401, 429]);
    expect((await attempt(elsewhere(other), email, password)).status).toBe(303);
  });

  test('one /64 cannot try one password on many accounts', async () => {
    const statuses: number[] = [];
    for (let round = 0; round < 7; round++) {
      const browser = elsewhere(`2001:db8:0:7::${round + 1}`);
      statuses.push((await attempt(browser, `person${round}@example.org`, 'Sommer-in-Lissabon')).status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 401, 429]);
  });

  test('forged X-Forwarded-For entries before that of the gateway have no effect', async () => {
    const { email } = await user.person();
    const statuses: number[] = [];
    for (let round = 0; round < 4; round++) {
      statuses.push((await attempt(elsewhere(`10.0.0.${round}, 203.0.113.9`), email, 'wrong')).status);
    }
    expect(statuses).toEqual([401, 401, 401, 429]);
  });

  test('simultaneous guesses are counted one by one', async () => {
    const { email } = await user.person();
    const address = '203.0.113.10';
    const statuses = await Promise.all(
      Array.from({ length: 5 }, async () => (await attempt(elsewhere(address), email, 'wrong')).status),
    );
    expect(statuses.sort()).toEqual([401, 401, 401, 429, 429]);
  });

  test('one address cannot try one password on many accounts', async () => {
    const address = '203.0.113.11';
    const statuses: number[] = [];
    for (let round = 0; round < 7; round++) {
      statuses.push((await attempt(elsewhere(address), `person${round}@example.org`, 'Sommer-in-Lissabon')).status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 401, 429]);
  });

  test('a correct password resets the counter', async () => {
    const { email } = await user.person();
    const address = '203.0.113.12';
    const secrets = ['wrong', 'wrong', password, 'wrong', 'wrong', password];
    const statuses: number[] = [];
    for (const secret of secrets) statuses.push((await attempt(elsewhere(address), email, secret)).status);
    expect(statuses).toEqual([401, 401, 303, 401, 401, 303]);
  });

  describe('of one account over many addresses', () => {
    const throttle = () => user.app.get(PgLoginThrottle);
    let stranger = 0;
    /** From an address that nobody has used yet. */
    const guess = (email: string) =>
      throttle().take({ email, address: `10.${stranger >> 8}.${stranger++ & 255}.1`, knownBrowser: undefined });
    /** Lets strangers guess until they have to wait. */
    const attack = async (email: string, addresses: number) => {
      let checked = 0;
      let longestWait = 0;
      for (let n = 0; n < addresses; n++) {
        try {
          await guess(email);
          checked++;
        } catch (error) {
          if (!(error instanceof LoginThrottled)) throw error;
          longestWait = Math.max(longestWait, error.retryAfterSeconds);
        }
      }
      return { checked, longestWait };
    };
    /** As if strangers had guessed for days: the next one has to wait for the longest delay. */
    const underAttack = async ({ email }: Pick<Person, 'email'>, ago = '0 seconds') => {
      await guess(email).catch(() => undefined);
      const key = user.app.get(BlindIndex).of(email, 'login_failures.strangers');
      const { rowCount } = await user.database.pool.query(
        'UPDATE login_failures SET failures = 100000, window_started_at = now() - $2::interval WHERE key = $1',
        [key, ago],
      );
      expect(rowCount).toBe(1);
    };
    const knownBrowserOf = async (person: Person) => {
      const browser = elsewhere();
      await browser.signIn(person.email, password);
      return browser;
    };
    /** The form again, in a browser that is known but not signed in. */
    const signedOut = (browser: Browser, address = `198.51.100.${host++}`) => {
      const next = elsewhere(address);
      next.cookies.set('_browser', browser.cookies.get('_browser')!);
      return next;
    };

    test('1,000 addresses get little more than ten guesses, and each next one waits twice as long', async () => {
      const { email } = await user.person();
      const startedAt = Date.now();
      const { checked, longestWait } = await attack(email, 1_000);
      // After the tenth, one after 1 s, 2 s, 4 s, …: however slow this machine is, only so many fit into the time it took.
      const fitting = Math.ceil(Math.log2((Date.now() - startedAt) / 1000 + 1));
      expect(checked).toBeGreaterThanOrEqual(10);
      expect(checked).toBeLessThanOrEqual(10 + 1 + fitting);
      expect(longestWait).toBeGreaterThanOrEqual(1);
    });

    test('an address nobody registered is delayed in the same way', async () => {
      const { checked } = await attack('nobody-has-this@example.org', 40);
      expect(checked).toBeLessThan(20);
    });

    test('the delay is bounded, and forgotten after a day without a guess', async () => {
      const person = await user.person();
      const wait = async () => {
        const error: unknown = await guess(person.email).catch((refusal: unknown) => refusal);
        return error instanceof LoginThrottled ? error.retryAfterSeconds : 0;
      };
      await underAttack(person);
      expect(await wait()).toBeGreaterThan(600);
      expect(await wait()).toBeLessThanOrEqual(900);
      await underAttack(person, '901 seconds');
      expect([await wait(), (await wait()) > 600]).toEqual([0, true]);
      await underAttack(person, '25 hours');
      for (let n = 0; n < 3; n++) expect(await wait()).toBe(0);
    });

    test('meanwhile the customer signs in at once in a known browser, wherever it is, and a stranger who knows the password has to wait', async () => {
      const person = await user.person();
      const known = await knownBrowserOf(person);
      await underAttack(person);
      expect((await attempt(signedOut(known), person.email, password)).status).toBe(303);
      const refused = await attempt(elsewhere(), person.email, password);
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(900);
    });

    test('a stranger at the same address locks nobody out of a known browser either', async () => {
      const person = await user.person();
      const known = await knownBrowserOf(person);
      const shared = '203.0.113.77';
      for (let n = 0; n < 8; n++) await attempt(elsewhere(shared), n < 4 ? person.email : `x${n}@example.org`, 'wrong');
      expect((await attempt(elsewhere(shared), person.email, password)).status).toBe(429);
      expect((await attempt(signedOut(known, shared), person.email, password)).status).toBe(303);
    });

    test('a known browser has a counter of its own: a stolen cookie is worth three guesses', async () => {
      const person = await user.person();
      const known = await knownBrowserOf(person);
      const statuses: number[] = [];
      for (const secret of ['wrong', 'wrong', 'wrong', password])
        statuses.push((await attempt(signedOut(known), person.email, secret)).status);
      expect(statuses).toEqual([401, 401, 401, 429]);
      expect((await attempt(elsewhere(), person.email, password)).status).toBe(303);
    });

    test('a browser that is known to one account is a stranger to another', async () => {
      const [ann, bob] = [await user.person(), await user.person()];
      const known = await knownBrowserOf(bob);
      await underAttack(ann);
      expect((await attempt(signedOut(known), ann.email, password)).status).toBe(429);
    });

    test('the cookie changes with every sign-in, is known to both accounts of a browser, and only the pages get it', async () => {
      const [ann, bob] = [await user.person(), await user.person()];
      const first = await knownBrowserOf(ann);
      const old = first.cookies.get('_browser')!;
      const second = signedOut(first);
      const page = await second.open();
      const body = new URLSearchParams({ email: bob.email, password });
      const response = await second.fetch(page.url, { method: 'POST', body });
      expect(response.headers.getSetCookie()).toEqual([
        expect.stringMatching(/^_browser=[\w-]{43}; Path=\/oidc; Max-Age=15552000; HttpOnly; SameSite=Lax$/),
      ]);
      expect(second.cookies.get('_browser')!.value).not.toBe(old.value);
      await underAttack(ann);
      await underAttack(bob);
      expect((await attempt(signedOut(first), ann.email, password)).status).toBe(429);
      expect((await attempt(signedOut(second), ann.email, 'wrong')).status).toBe(401);
      expect((await attempt(signedOut(second), bob.email, 'wrong')).status).toBe(401);
    });
  });

  test('the stored counters reveal neither account nor address', async () => {
    const { rows } = await user.database.pool.query<{ text: string }>('SELECT f::text AS text FROM login_failures f');
    expect(rows.length).toBeGreaterThan(0);
    for (const { text } of rows) expect(text).not.toMatch(/@|203\.0|example/i);
  });
});
