import { peopleScopes, scopes } from '@causeway/contracts';
import * as client from 'openid-client';
import { Browser, type Tokens } from '../src/testing/browser.js';
import {
  machineSecret,
  password,
  redirectUri,
  signedOutUri,
  startUserService,
  type Person,
  type UserService,
} from '../src/testing/user-service.js';

let user: UserService;
let ann: Person;
let app: client.Configuration;
let machine: client.Configuration;
beforeAll(async () => {
  user = await startUserService();
  ann = await user.person();
  const options = { execute: [client.allowInsecureRequests] };
  const issuer = new URL(user.issuer);
  app = await client.discovery(issuer, 'causeway-demo', undefined, client.None(), options);
  machine = await client.discovery(issuer, 'causeway-ops', undefined, client.ClientSecretBasic(machineSecret), options);
});
afterAll(() => user?.stop());

/** The hidden fields of a form, and where it goes. */
function formOf(html: string): { action: string; fields: Record<string, string> } {
  const fields = html.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g);
  return {
    action: /action="([^"]+)"/.exec(html)![1]!,
    fields: Object.fromEntries([...fields].map(([, name, value]) => [name!, value!])),
  };
}

interface Attempt {
  readonly browser: Browser;
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
  /** Where the browser was sent with the code. */
  readonly returned: URL;
}

/** A sign-in up to the redirect back to the application. */
async function attempt(parameters: Record<string, string> = {}): Promise<Attempt> {
  const [verifier, state, nonce] = [client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(app, {
    redirect_uri: redirectUri,
    scope: ['openid', ...peopleScopes].join(' '),
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...parameters,
  });
  const browser = new Browser(user.issuer, redirectUri);
  const page = await browser.follow(await browser.fetch(url.href));
  const { url: returned } = await browser.submit(page.url, { email: ann.email, password });
  return { browser, verifier, state, nonce, returned: new URL(returned) };
}

async function signIn(parameters: Record<string, string> = {}) {
  const { browser, verifier, state, nonce, returned } = await attempt(parameters);
  const tokens = await client.authorizationCodeGrant(app, returned, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
  return { browser, tokens };
}

test('discovery names what is there, and nothing else', () => {
  const metadata = app.serverMetadata();
  expect(metadata).toMatchObject({
    issuer: user.issuer,
    introspection_endpoint: `${user.issuer}/token/introspection`,
    end_session_endpoint: `${user.issuer}/session/end`,
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic'],
    authorization_response_iss_parameter_supported: true,
  });
  expect(metadata.scopes_supported).toEqual(
    expect.arrayContaining(['openid', 'email', 'profile', ...Object.values(scopes)]),
  );
  expect(new Set(metadata.scopes_supported).size).toBe(metadata.scopes_supported!.length);
});

test('authorization code with PKCE: state, nonce and issuer are what the library expects', async () => {
  const { tokens } = await signIn();
  expect(tokens.claims()).toMatchObject({ iss: user.issuer, aud: 'causeway-demo', sub: ann.id });
  expect(tokens.expiresIn()).toBeGreaterThan(290);
});

test.each<[string, (returned: URL, checks: { state: string; nonce: string }) => void, string]>([
  ['another state', (returned) => returned.searchParams.set('state', 'other'), '"state"'],
  ['another issuer (mix-up)', (returned) => returned.searchParams.set('iss', 'https://evil.example'), '"iss"'],
  ['no issuer', (returned) => returned.searchParams.delete('iss'), '"iss"'],
  ['another nonce', (_returned, checks) => (checks.nonce = 'other'), '"nonce"'],
])('the library refuses %s', async (_title, change, says) => {
  const { verifier, state, nonce, returned } = await attempt();
  const checks = { state, nonce };
  change(returned, checks);
  const refused = await client
    .authorizationCodeGrant(app, returned, {
      pkceCodeVerifier: verifier,
      expectedState: checks.state,
      expectedNonce: checks.nonce,
    })
    .catch((error: Error) => `${error.message}: ${String((error.cause as Error).message)}`);
  expect(refused).toContain(says);
});

test('a refresh rotates, and keeps to the same person', async () => {
  const { tokens } = await signIn();
  const next = await client.refreshTokenGrant(app, tokens.refresh_token!);
  expect(next.refresh_token).not.toBe(tokens.refresh_token);
  expect(next.claims()?.sub).toBe(ann.id);
});

test('after a revocation there is no refresh', async () => {
  const { tokens } = await signIn();
  await client.tokenRevocation(app, tokens.refresh_token!);
  await expect(client.refreshTokenGrant(app, tokens.refresh_token!)).rejects.toMatchObject({ error: 'invalid_grant' });
});

describe('introspection', () => {
  test('tells a machine what an access token is, until the session has ended', async () => {
    const { browser, tokens } = await signIn();
    const token = tokens.access_token;
    expect(await client.tokenIntrospection(machine, token)).toMatchObject({
      active: true,
      iss: user.issuer,
      sub: ann.id,
      client_id: 'causeway-demo',
      aud: 'urn:causeway:api',
      token_type: 'Bearer',
      scope: expect.stringContaining(scopes.profile),
    });
    const page = await browser.fetch(client.buildEndSessionUrl(app, { id_token_hint: tokens.id_token! }).href);
    const { action, fields } = formOf(await page.text());
    await browser.submit(action, { ...fields, logout: 'yes' });
    expect(await client.tokenIntrospection(machine, token)).toEqual({ active: false });
  });

  test.each<[string, () => Promise<string>]>([
    ['a refresh token', async () => (await signIn()).tokens.refresh_token!],
    ['an ID token', async () => (await signIn()).tokens.id_token!],
    ['nonsense', () => Promise.resolve('nonsense')],
    ['a token that was changed', async () => `${(await signIn()).tokens.access_token.slice(0, -4)}AAAA`],
  ])('says nothing of %s', async (_title, token) => {
    expect(await client.tokenIntrospection(machine, await token())).toEqual({ active: false });
  });

  test.each([
    ['without credentials', {}, { client_id: 'causeway-ops' }],
    ['with a wrong secret', { authorization: `Basic ${btoa('causeway-ops:wrong')}` }, {}],
    ['by a public client', {}, { client_id: 'causeway-demo' }],
  ])('is refused %s', async (_title, headers: Record<string, string>, fields: Record<string, string>) => {
    const { tokens } = await signIn();
    const response = await fetch(`${user.issuer}/token/introspection`, {
      method: 'POST',
      headers,
      body: new URLSearchParams({ ...fields, token: tokens.access_token }),
    });
    expect([response.status, await response.json()]).toEqual([
      expect.closeTo(400, -1),
      expect.objectContaining({ error: 'invalid_client' }),
    ]);
  });
});

test.each([
  ['in the body', { client_id: 'causeway-ops', client_secret: machineSecret }],
  [
    'as an assertion',
    {
      client_id: 'causeway-ops',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: `${btoa('{"alg":"HS256"}')}.${btoa('{"iss":"causeway-ops","sub":"causeway-ops"}')}.AAAA`,
    },
  ],
])('a machine that sends its secret %s is refused: only client_secret_basic is accepted', async (_title, fields) => {
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...fields } as Record<string, string>);
  const response = await fetch(`${user.issuer}/token`, { method: 'POST', body });
  expect(response.status).toBeGreaterThanOrEqual(400);
  expect(await response.json()).toMatchObject({ error: expect.stringMatching(/^invalid_(client|request)$/) });
});

// demo
test('client credentials', async () => {
  const tokens = await client.clientCredentialsGrant(machine, { scope: scopes.catalogWrite });
  expect(await client.tokenIntrospection(machine, tokens.access_token)).toMatchObject({
    active: true,
    sub: 'causeway-ops',
    scope: scopes.catalogWrite,
  });
});
// end demo

describe('signing out', () => {
  test('brings the browser back to the application, with the state', async () => {
    const { browser, tokens } = await signIn();
    const state = client.randomState();
    const url = client.buildEndSessionUrl(app, {
      id_token_hint: tokens.id_token!,
      post_logout_redirect_uri: signedOutUri,
      state,
    });
    const page = await browser.fetch(url.href);
    expect(page.headers.get('content-security-policy')).toContain(new URL(signedOutUri).origin);
    const { action, fields } = formOf(await page.text());
    const response = await browser.fetch(action, {
      method: 'POST',
      body: new URLSearchParams({ ...fields, logout: 'yes' }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(response.headers.get('location')).toBe(`${signedOutUri}?state=${state}`);
    await expect(client.refreshTokenGrant(app, tokens.refresh_token!)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });

  test.each([
    ['another site', 'https://evil.example/'],
    ['a redirect URI of the sign-in', redirectUri],
    ['a path below it', `${signedOutUri}/more`],
  ])('never sends it to %s', async (_title, elsewhere) => {
    const { browser, tokens } = await signIn();
    const parameters = { id_token_hint: tokens.id_token!, post_logout_redirect_uri: elsewhere };
    const response = await browser.fetch(client.buildEndSessionUrl(app, parameters).href);
    expect([response.status, response.headers.get('location')]).toEqual([400, null]);
  });
});

test('the authorization endpoint takes a form, too, with the session of the browser', async () => {
  const verifier = client.randomPKCECodeVerifier();
  const browser = new Browser(user.issuer, redirectUri);
  const page = await browser.submit(app.serverMetadata().authorization_endpoint!, {
    client_id: 'causeway-demo',
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid',
    state: browser.state,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  expect(page.response.status).toBe(200);
  const { url } = await browser.submit(page.url, { email: ann.email, password });
  const response = await browser.exchange(new URL(url).searchParams.get('code')!, { code_verifier: verifier });
  expect((await (response.json() as Promise<Tokens>)).id_token).toEqual(expect.any(String));
});

test('so does the end of the session', async () => {
  const { browser, tokens } = await signIn();
  const fields = { id_token_hint: tokens.id_token!, post_logout_redirect_uri: signedOutUri };
  const { response } = await browser.submit(`${user.issuer}/session/end`, fields);
  expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('Sign out?')]);
});
