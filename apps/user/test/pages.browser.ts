import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import axe from 'axe-core';
import { describeWhen } from '@causeway/testkit/describe-when';
import { chromium, type Browser as Chromium, type BrowserContext, type Page } from 'playwright-core';
import { Browser } from '../src/testing/browser.js';
import { password, startUserService, type UserService } from '../src/testing/user-service.js';

const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const withChromium = describeWhen(program !== undefined, {
  missing: 'there is no Chromium',
  remedy: 'install it: apt-get install chromium',
});
const next = 'Rosen-im-Dezemberschnee';

withChromium('the pages in Chromium', () => {
  let user: UserService;
  let browser: Chromium;
  let context: BrowserContext;
  let page: Page;
  /** The application. It only has to be reached; a native one may listen on any port (RFC 8252, 7.3). */
  const application = createServer((_request, response) => response.end('the application'));
  let redirectUri: string;
  const problems: string[] = [];

  beforeAll(async () => {
    await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
    redirectUri = `http://127.0.0.1:${(application.address() as AddressInfo).port}/callback`;
    user = await startUserService({}, { host: 'localhost' });
    browser = await chromium.launch({
      executablePath: program!,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });
  afterAll(async () => {
    await browser?.close();
    await user?.stop();
    application.close();
  });

  const open = async (options: { javaScriptEnabled: boolean }) => {
    context = await browser.newContext(options);
    page = await context.newPage();
    problems.length = 0;
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  };
  afterEach(() => context?.close());

  const authorization = () => new Browser(user.issuer, redirectUri).authorizationUrl();
  const heading = () => page.locator('h1').innerText();
  const press = async (name: string) => {
    await Promise.all([page.waitForNavigation(), page.getByRole('button', { name, exact: true }).click()]);
  };
  const signIn = async (email: string, secret: string) => {
    await page.getByLabel('E-mail address').fill(email);
    await page.getByLabel('Password').fill(secret);
    await press('Sign in');
  };
  const linkIn = async (email: string, subject: string) => (await user.mailbox.next(email, subject)).link;
  /** Gives the browser a device that makes passkeys, and agrees to everything. */
  const plugInAuthenticator = async () => {
    const session = await context.newCDPSession(page);
    await session.send('WebAuthn.enable');
    const options = {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
    } as const;
    await session.send('WebAuthn.addVirtualAuthenticator', {
      options: { ...options, isUserVerified: true, automaticPresenceSimulation: true },
    });
  };
  const openPasskeys = async () => {
    await page.goto(`${user.issuer}/passkeys`);
    const { email } = await user.person();
    await signIn(email, password);
    return email;
  };
  const arrived = () => expect(page.url()).toContain(`${redirectUri}?code=`);

  test('a person signs in, resets a forgotten password, confirms the address and signs out, with JavaScript off', async () => {
    await open({ javaScriptEnabled: false });
    const { email } = await user.person();
    await page.goto(authorization());
    await signIn(email, 'not the right one');
    expect(await page.getByRole('alert').innerText()).toContain('incorrect');
    await Promise.all([page.waitForNavigation(), page.getByRole('link', { name: 'Forgot your password?' }).click()]);
    await page.getByLabel('E-mail address').fill(email);
    await press('Send the link');
    expect(await heading()).toBe('Look into your mail');

    await page.goto(await linkIn(email, 'Reset your password'));
    await page.getByLabel('New password').fill('Password-2026!');
    await press('Set the password');
    expect(await page.getByRole('alert').innerText()).toContain('too easy to guess');
    await page.getByLabel('New password').fill(next);
    await press('Set the password');
    expect(await heading()).toBe('Your password was changed');
    expect((await context.cookies()).map(({ name }) => name)).toContain('_browser');

    await page.goto(authorization());
    await signIn(email, next);
    arrived();
    await page.goto(await linkIn(email, 'Confirm your e-mail address'));
    await press('Yes, it is mine');
    expect(await heading()).toBe('Your e-mail address is confirmed');
    await page.goto(`${user.issuer}/session/end`);
    await press('Sign out');
    expect(await heading()).toBe('Signed out');
    await page.goto(authorization());
    expect(await heading()).toBe('Sign in');
    expect(problems.filter((text) => !/status of 4\d\d/.test(text))).toEqual([]);
  });

  test('Chromium lets the last redirect of a sign-in and of “Cancel” pass', async () => {
    await open({ javaScriptEnabled: true });
    const { email } = await user.person();
    await page.goto(authorization());
    await signIn(email, password);
    arrived();
    await context.clearCookies();
    await page.goto(authorization());
    await press('Cancel');
    expect(page.url()).toContain('error=access_denied');
  });

  test('a person adds a passkey, signs in with it, and removes it', async () => {
    await open({ javaScriptEnabled: true });
    await plugInAuthenticator();
    await openPasskeys();
    expect(await page.getByLabel('Name of the new passkey').inputValue()).toBe('Chrome on Linux');
    await press('Add a passkey');
    expect(await page.getByRole('heading', { level: 2 }).allInnerTexts()).toEqual(['Chrome on Linux']);
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('it is in the list');

    await context.clearCookies();
    await page.goto(authorization());
    await press('Sign in with a passkey');
    arrived();
    await page.goto(`${user.issuer}/passkeys`);
    expect(await page.locator('section').innerText()).toContain('last used on');
    await press('Remove');
    expect(await heading()).toBe('The passkey was removed');

    await page.goto(authorization());
    await press('Sign in with a passkey');
    expect(await page.getByRole('alert').innerText()).toContain('This passkey does not open an account.');
    expect(problems.filter((text) => !/status of 4\d\d/.test(text))).toEqual([]);
  });

  test('with JavaScript off, there is no button for passkeys, and the password does', async () => {
    await open({ javaScriptEnabled: false });
    await openPasskeys();
    expect(await heading()).toBe('Passkeys');
    expect(await page.getByRole('button').allInnerTexts()).toEqual([]);
    expect(await page.getByText('with JavaScript switched on').isVisible()).toBe(true);
    await page.goto(authorization());
    arrived();
    await context.clearCookies();
    await page.goto(authorization());
    expect(await page.getByRole('button').allInnerTexts()).toEqual(['Sign in', 'Cancel']);
  });

  /** How to get to each page. */
  const pages: Readonly<Record<string, () => Promise<unknown>>> = {
    'sign-in': () => page.goto(authorization()),
    'sign-in failed': async () => {
      await page.goto(authorization());
      await signIn('nobody@example.org', 'wrong');
    },
    'no passkey was used': async () => {
      await page.goto(authorization());
      await page.evaluate('navigator.credentials.get = () => Promise.reject(new Error())');
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
      await page.getByRole('alert').waitFor();
    },
    passkeys: () => openPasskeys(),
    'a passkey in the list': async () => {
      await plugInAuthenticator();
      await openPasskeys();
      await press('Add a passkey');
    },
    'passkey removed': async () => {
      await plugInAuthenticator();
      await openPasskeys();
      await press('Add a passkey');
      await press('Remove');
    },
    'sign-in expired': () => page.goto(`${user.issuer}/interaction/unknown`),
    'authorization refused': () => page.goto(`${user.issuer}/auth?client_id=nobody`),
    'forgot your password': () => page.goto(`${user.issuer}/password/forgotten`),
    'look into your mail': async () => {
      await page.goto(`${user.issuer}/password/forgotten`);
      await page.getByLabel('E-mail address').fill('nobody@example.org');
      await press('Send the link');
    },
    'new password': async () => page.goto(await resetLink()),
    'new password refused': async () => {
      await page.goto(await resetLink());
      await page.getByLabel('New password').fill('Password-2026!');
      await press('Set the password');
    },
    'password changed': async () => {
      await page.goto(await resetLink());
      await page.getByLabel('New password').fill(next);
      await press('Set the password');
    },
    'dead link': () => page.goto(`${user.issuer}/password/new?token=x`),
    'confirm the address': async () =>
      page.goto(await linkIn((await user.person()).email, 'Confirm your e-mail address')),
    'address confirmed': async () => {
      await page.goto(await linkIn((await user.person()).email, 'Confirm your e-mail address'));
      await press('Yes, it is mine');
    },
    'sign out': async () => {
      await page.goto(authorization());
      await signIn((await user.person()).email, password);
      await page.goto(`${user.issuer}/session/end`);
    },
    'signed out': () => page.goto(`${user.issuer}/session/end/success`),
  };
  const resetLink = async () => {
    const { email } = await user.person();
    await fetch(`${user.issuer}/password/forgotten`, {
      method: 'POST',
      body: new URLSearchParams({ email }),
      headers: { 'x-forwarded-for': '198.51.100.9' },
    });
    return linkIn(email, 'Reset your password');
  };

  test.each(Object.keys(pages))(
    'axe finds nothing on the page “%s”, light or dark, and its policy blocks nothing',
    async (name) => {
      await open({ javaScriptEnabled: true });
      await pages[name]!();
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.evaluate(axe.source);
        const { violations, passes } = await page.evaluate(() =>
          (globalThis as unknown as { axe: typeof axe }).axe.run(),
        );
        expect(passes.length).toBeGreaterThan(5);
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
      }
      expect(problems.filter((text) => !/status of 4\d\d/.test(text))).toEqual([]);
    },
  );
});
