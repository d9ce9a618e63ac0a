import { scopesOf } from '@causeway/contracts';
import { createHash } from 'node:crypto';
import { HostState } from '@causeway/service-host';
import { Browser, defaultScope, verifyAccessToken, type Tokens } from '../src/testing/browser.js';
import {
  docsRedirectUri,
  machineSecret,
  password,
  redirectUri,
  startUserService,
  type Person,
  type UserService,
} from '../src/testing/user-service.js';

let user: UserService;
let ann: Person;
beforeAll(async () => {
  user = await startUserService();
  ann = await user.person();
});
afterAll(() => user?.stop());

const browser = (headers?: Record<string, string>) => new Browser(user.issuer, redirectUri, headers);
const json = async <T = Record<string, unknown>>(response: Response) => (await response.json()) as T;

const verify = (token: string) => verifyAccessToken(user.issuer, token);

describe('discovery', () => {
  test('every endpoint is below the issuer, whatever host the request names', async () => {
    const document = await json<Record<string, string>>(
      await fetch(`${user.issuer}/.well-known/openid-configuration`, {
        headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
      }),
    );
    expect(document['issuer']).toBe(user.issuer);
    for (const name of [
      'authorization_endpoint',
      'token_endpoint',
      'jwks_uri',
      'end_session_endpoint',
      'revocation_endpoint',
    ]) {
      expect(document[name]).toMatch(`${user.issuer}/`);
    }
    expect(document['grant_types_supported']).not.toContain('password');
    expect(document['response_types_supported']).toEqual(['code', 'none']);
    expect(document['code_challenge_methods_supported']).toEqual(['S256']);
    expect(document['userinfo_endpoint']).toBeUndefined();
  });

  test('the root of the host redirects to it', async () => {
    const response = await user.send('GET', '/.well-known/openid-configuration');
    expect(response.status).toBe(308);
    expect(response.headers.get('location')).toBe(`${user.issuer}/.well-known/openid-configuration`);
  });

  test('only public parts of the keys are published', async () => {
    const { keys } = await json<{ keys: Record<string, string>[] }>(await fetch(`${user.issuer}/jwks`));
    expect(keys).toHaveLength(1);
    expect(keys[0]).toMatchObject({ kty: 'RSA', alg: 'RS256', use: 'sig' });
    expect(Object.keys(keys[0]!)).toEqual(expect.not.arrayContaining(['d', 'p', 'q', 'dp', 'dq', 'qi']));
  });
});

describe('authorization code with PKCE', () => {
  test('a sign-in yields an access token for the API, signed with a published key and valid for five minutes', async () => {
    const tokens = await browser().signIn(ann.email.toUpperCase(), password);
    const { payload, protectedHeader } = await verify(tokens.access_token);
    expect(protectedHeader).toMatchObject({ alg: 'RS256', typ: 'at+jwt' });
    expect(payload).toMatchObject({ sub: ann.id, client_id: 'causeway-demo' });
    expect(payload.exp! - payload.iat!).toBe(300);
    expect(new Set(String(payload['scope']).split(' '))).toEqual(new Set(scopesOf.customer));
    expect(JSON.stringify(payload)).not.toContain('@');
    expect(tokens).toMatchObject({ token_type: 'Bearer', expires_in: 300 });
    const me = await user.send('GET', '/v1/users/me', { headers: { authorization: `Bearer ${tokens.access_token}` } });
    expect(me.status).toBe(200);
  });

  test('the ID token names the person if profile and email are requested', async () => {
    const tokens = await browser().signIn(ann.email, password, { scope: 'openid email profile' });
    const claims = JSON.parse(Buffer.from(tokens.id_token!.split('.')[1]!, 'base64url').toString()) as object;
    expect(claims).toMatchObject({
      sub: ann.id,
      aud: 'causeway-demo',
      email: ann.email,
      name: 'Ann Bell',
      email_verified: false,
    });
  });

  test('a second application in the same browser needs no password', async () => {
    const person = browser();
    await person.signIn(ann.email, password);
    const { url } = await person.open();
    expect(new URL(url).searchParams.get('code')).toEqual(expect.any(String));
  });

  test('prompt=login asks for the password again', async () => {
    const person = browser();
    await person.signIn(ann.email, password);
    const { response } = await person.open({ prompt: 'login' });
    expect(await response.text()).toContain('type="password"');
  });

  test('offline_access with prompt=consent passes without a consent page', async () => {
    const scope = `${defaultScope} offline_access`;
    const tokens = await browser().signIn(ann.email, password, { scope, prompt: 'consent' });
    expect(tokens.refresh_token).toEqual(expect.any(String));
  });

  // demo
  test('a machine scope is left out', async () => {
    const tokens = await browser().signIn(ann.email, password, { scope: `${defaultScope} catalog:write` });
    expect((await verify(tokens.access_token)).payload['scope']).not.toContain('catalog:write');
  });
  // end demo

  test.each([
    ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }],
    ['with the plain method', { code_challenge_method: 'plain' }],
    ['for an implicit token', { response_type: 'id_token', nonce: 'n' }],
    ['for another audience', { resource: 'urn:other:api' }],
  ])('a request %s is refused', async (_title, parameters) => {
    const { response, url } = await browser().open({ parameters });
    const error = url.startsWith(redirectUri) ? new URL(url).search + new URL(url).hash : await response.text();
    expect(error).toMatch(/invalid_request|unsupported_response_type|unauthorized_client|invalid_target/);
  });

  test('an unknown redirect URI is refused with a page, not followed', async () => {
    const { response } = await browser().open({ parameters: { redirect_uri: 'https://evil.example/callback' } });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await response.text()).toContain('invalid_redirect_uri');
  });

  test('a wrong verifier yields nothing and does not use up the code', async () => {
    const person = browser();
    const code = await person.code(ann.email, password);
    expect((await person.exchange(code, { code_verifier: 'x'.repeat(43) })).status).toBe(400);
    expect((await person.exchange(code)).status).toBe(200);
  });

  test('a code used twice yields nothing and revokes the tokens of the first use', async () => {
    const person = browser();
    const code = await person.code(ann.email, password);
    const tokens = await json<Tokens & Record<string, unknown>>(await person.exchange(code));
    expect(await json(await person.exchange(code))).toMatchObject({ error: 'invalid_grant' });
    expect((await person.refresh(tokens.refresh_token)).status).toBe(400);
  });

  test('of ten simultaneous exchanges of one code, at most one succeeds', async () => {
    const person = browser();
    const code = await person.code(ann.email, password);
    const statuses = await Promise.all(Array.from({ length: 10 }, async () => (await person.exchange(code)).status));
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(1);
    expect(new Set(statuses.filter((status) => status !== 200))).toEqual(new Set([400]));
  });

  describe('for the API documents page', () => {
    const client = { client_id: 'causeway-docs' };
    const page = () => new Browser(user.issuer, docsRedirectUri);

    test('yields a token for the API, but no refresh token', async () => {
      const person = page();
      const code = await person.code(ann.email, password, { parameters: client });
      const tokens = await json<Tokens>(await person.exchange(code, client));
      expect(tokens.refresh_token).toBeUndefined();
      const me = await user.send('GET', '/v1/users/me', {
        headers: { authorization: `Bearer ${tokens.access_token}` },
      });
      expect(me.status).toBe(200);
    });

    test.each([
      ['another port', docsRedirectUri.replace('65000', '65001')],
      ['another path', redirectUri],
      ['a query', `${docsRedirectUri}?next=1`],
    ])('never redirects to %s', async (_title, redirect_uri) => {
      const { response } = await page().open({ parameters: { ...client, redirect_uri } });
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('invalid_redirect_uri');
    });

    // demo
    test.each([
      ['from the page', new URL(docsRedirectUri).origin, 200],
      ['from another site', 'https://evil.example', 400],
    ])('a machine token requested %s: %s, %i', async (_title, origin, status) => {
      const response = await fetch(`${user.issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`causeway-ops:${machineSecret}`)}`, origin },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'catalog:write' }),
      });
      expect(response.status).toBe(status);
    });
    // end demo

    test('requires PKCE like any other', async () => {
      const { url } = await page().open({ parameters: { ...client, code_challenge: undefined } });
      expect(url).toMatch(/error=invalid_request/);
    });
  });

  test('there is no password grant', async () => {
    const response = await browser().tokenRequest({ grant_type: 'password', username: ann.email, password });
    expect(await json(response)).toMatchObject({ error: 'unsupported_grant_type' });
  });
});

describe('a page that submits itself', () => {
  /** Checks that the policy allows exactly what the page needs, and returns its hidden fields. */
  async function expectItToWork(response: Response, action: string): Promise<Record<string, string>> {
    const html = await response.text();
    const [, script] = /<script>([^]*?)<\/script>/.exec(html)!;
    const hash = createHash('sha256').update(script!).digest('base64');
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(response.headers.get('content-security-policy')).toBe(
      `default-src 'none'; script-src 'sha256-${hash}'; form-action 'self'${action.startsWith(user.issuer) ? '' : ` ${new URL(action).origin}`}; frame-ancestors 'none'; base-uri 'none'`,
    );
    expect(html).toContain(`<form method="post" action="${action}">`);
    expect(html.replace(script!, '')).not.toMatch(/<script[^>]|\son\w+=|style=|src=/);
    const fields = html.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g);
    return Object.fromEntries([...fields].map(([, name, value]) => [name!, value!]));
  }

  test('signs out a browser without a session, and ends on a page that says so', async () => {
    const person = browser();
    const response = await person.fetch(`${user.issuer}/session/end`);
    expect(response.headers.get('referrer-policy')).toBe('strict-origin');
    const fields = await expectItToWork(response, `${user.issuer}/session/end/confirm`);
    const end = await person.submit(`${user.issuer}/session/end/confirm`, fields);
    expect([end.response.status, await end.response.text()]).toEqual([200, expect.stringContaining('Signed out')]);
  });

  test('brings the code or the error to the client (response_mode=form_post)', async () => {
    const parameters = { response_mode: 'form_post' };
    const person = browser();
    const refused = await person.open({ parameters, prompt: 'none' });
    expect(await expectItToWork(refused.response, redirectUri)).toMatchObject({ error: 'login_required' });

    const page = await person.open({ parameters });
    expect(page.response.headers.get('content-security-policy')).toContain(
      `form-action 'self' ${new URL(redirectUri).origin};`,
    );
    const { response } = await person.submit(page.url, { email: ann.email, password });
    const { code, state } = await expectItToWork(response, redirectUri);
    expect(state).toBe(person.state);
    expect((await person.exchange(code!)).status).toBe(200);
  });
});

describe('a problem document is the response to', () => {
  const expectProblem = async (response: Response, status: number, code: string) => {
    expect([response.status, response.headers.get('content-type')]).toEqual([
      status,
      expect.stringMatching(/^application\/problem\+json/),
    ]);
    expect(await json(response)).toMatchObject({ status, code, type: expect.stringMatching(/^urn:/) });
  };

  test.each(['/nowhere', '/', '/interaction/x/nowhere', '/userinfo', '/device', '/reg'])(
    'an unknown path: %s',
    async (path) => {
      for (const accept of ['*/*', 'text/html', 'application/json'])
        await expectProblem(await fetch(user.issuer + path, { headers: { accept } }), 404, 'NOT_FOUND');
      await expectProblem(await fetch(user.issuer + path, { method: 'POST' }), 404, 'NOT_FOUND');
    },
  );

  test.each([
    ['GET', '/token', 'OPTIONS, POST'],
    ['GET', '/token/revocation/', 'OPTIONS, POST'],
    ['GET', '/token/introspection', 'OPTIONS, POST'],
    ['POST', '/jwks', 'GET, HEAD, OPTIONS'],
    ['POST', '/.well-known/openid-configuration', 'GET, HEAD, OPTIONS'],
    ['OPTIONS', '/auth', 'GET, HEAD, POST'],
    ['GET', '/session/end/confirm', 'POST'],
    ['DELETE', '/token', 'GET, HEAD, OPTIONS, POST'],
  ])('an unsupported method: %s %s', async (method, path, allow) => {
    const response = await fetch(user.issuer + path, { method });
    expect(response.headers.get('allow')).toBe(allow);
    await expectProblem(response, 405, 'METHOD_NOT_ALLOWED');
  });

  const form = 'application/x-www-form-urlencoded';
  test.each<[string, string, string | Buffer, number, string]>([
    ['bytes that are not UTF-8', form, Buffer.from('client_id=\xc3\x28\xff', 'latin1'), 400, 'MALFORMED_REQUEST'],
    ['percent-encoded bytes that are not UTF-8', form, 'client_id=%c3%28%ff', 400, 'MALFORMED_REQUEST'],
    [
      'ISO-8859-1',
      `${form}; charset=iso-8859-1`,
      Buffer.from('client_id=\xe9', 'latin1'),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['60 KiB', form, `client_id=${'a'.repeat(61_440)}`, 413, 'BODY_TOO_LARGE'],
  ])('a form of %s', async (_title, type, body, status, code) => {
    for (const path of [
      '/token',
      '/token/revocation',
      '/token/introspection',
      '/auth',
      '/session/end',
      '/session/end/confirm',
    ])
      await expectProblem(
        await fetch(user.issuer + path, { method: 'POST', headers: { 'content-type': type }, body }),
        status,
        code,
      );
  });

  test('a query that is not UTF-8', async () =>
    expectProblem(await fetch(`${user.issuer}/auth?client_id=%ff`), 400, 'MALFORMED_REQUEST'));
});

test('programs get OAuth errors as JSON, whatever they accept; browsers get pages', async () => {
  const accepting = (accept: string, path: string, init?: RequestInit) =>
    fetch(user.issuer + path, { ...init, headers: { accept } });
  for (const accept of ['text/html', '*/*', 'application/json']) {
    for (const path of ['/token', '/token/revocation']) {
      const response = await accepting(accept, path, {
        method: 'POST',
        body: new URLSearchParams({ client_id: 'unknown' }),
      });
      expect([path, accept, response.headers.get('content-type')]).toEqual([
        path,
        accept,
        'application/json; charset=utf-8',
      ]);
      expect(await json(response)).toMatchObject({ error: expect.stringMatching(/^invalid_/) });
    }
    const refused = await accepting(accept, '/auth?client_id=unknown');
    expect([accept, refused.headers.get('content-type')]).toEqual([
      accept,
      accept === 'application/json' ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8',
    ]);
  }
});

test('every response has security headers, and a form in UTF-8 is read', async () => {
  for (const path of ['/jwks', '/.well-known/openid-configuration', '/nowhere', '/auth', '/session/end/success']) {
    const { headers } = await fetch(user.issuer + path);
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
  }
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' };
  const response = await fetch(`${user.issuer}/token`, {
    method: 'POST',
    headers,
    body: 'grant_type=%E2%82%AC&client_id=causeway-demo',
  });
  expect(await json(response)).toMatchObject({ error: 'unsupported_grant_type' });
});

test('errors outside the protocol, such as a session that cannot be stored, are not sent as plain text', async () => {
  const rename = (from: string, to: string) => user.database.pool.query(`ALTER TABLE ${from} RENAME TO ${to}`);
  await rename('oidc_artifacts', 'oidc_artifacts_away');
  try {
    for (const path of ['/session/end', `/auth?${new URL(browser().authorizationUrl()).searchParams.toString()}`]) {
      const response = await fetch(user.issuer + path);
      expect([response.status >= 500, response.headers.get('content-type')]).toEqual([
        true,
        expect.stringMatching(/json|html/),
      ]);
    }
  } finally {
    await rename('oidc_artifacts_away', 'oidc_artifacts');
  }
});

// demo
describe('client credentials', () => {
  const basic = (secret: string) => `Basic ${Buffer.from(`causeway-ops:${secret}`).toString('base64')}`;
  const request = (secret: string, parameters: Record<string, string> = {}) =>
    fetch(`${user.issuer}/token`, {
      method: 'POST',
      headers: { authorization: basic(secret) },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'catalog:write', ...parameters }),
    });

  test('a machine gets a token for its scope', async () => {
    const tokens = await json<Tokens>(await request(machineSecret));
    const { payload } = await verify(tokens.access_token);
    expect(payload).toMatchObject({ sub: 'causeway-ops', client_id: 'causeway-ops', scope: 'catalog:write' });
    expect(payload.exp! - payload.iat!).toBe(300);
    expect(tokens.refresh_token).toBeUndefined();
  });

  test('a wrong secret is refused', async () => {
    const response = await request('another-secret-of-the-machine-client-0123');
    expect(response.status).toBe(401);
    expect(await json(response)).toMatchObject({ error: 'invalid_client' });
  });

  test('a scope for people is left out, and the token opens no profile', async () => {
    const tokens = await json<Tokens>(await request(machineSecret, { scope: 'catalog:write profile:manage' }));
    expect((await verify(tokens.access_token)).payload['scope']).toBe('catalog:write');
    const me = await user.send('GET', '/v1/users/me', { headers: { authorization: `Bearer ${tokens.access_token}` } });
    expect(me.status).toBe(403);
  });

  test('the public client cannot use it', async () => {
    const response = await browser().tokenRequest({ grant_type: 'client_credentials', scope: 'catalog:write' });
    expect(response.status).toBe(400);
  });
});

// end demo
test('an unknown path below the issuer is a 404', async () => {
  expect((await fetch(`${user.issuer}/nothing`)).status).toBe(404);
});

// Last test of the file, because it stops the service.
test('while the process stops, responses of the provider close the connection, too', async () => {
  const statusAndConnection = async (path: string, init: RequestInit = {}) => {
    const { status, headers } = await fetch(`${user.issuer}${path}`, { redirect: 'manual', ...init });
    return [status, headers.get('connection')];
  };
  expect(await statusAndConnection('/jwks')).toEqual([200, 'keep-alive']);
  user.app.get(HostState).beginStop(60_000);
  expect(await statusAndConnection('/jwks')).toEqual([200, 'close']);
  expect(await statusAndConnection('/jwks', { method: 'HEAD' })).toEqual([200, 'close']);
  expect(await statusAndConnection('/token', { method: 'POST' })).toEqual([400, 'close']);
  expect(await statusAndConnection('/session/end')).toEqual([200, 'close']);
  expect(await statusAndConnection('/nothing')).toEqual([404, 'close']);
});
