import { peopleScopes, scopesOf } from '@causeway/contracts';
import { routes } from '@causeway/contracts';
import { World } from '../src/testing/world.js';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.end());

test('the page and everything it loads come from here, under a policy that lets nothing else in', async () => {
  const response = await world.fetch('/docs/');
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|https:|\*|upgrade-insecure/);
  const html = await response.text();
  expect(html).toContain('<title>Causeway API</title>');
  const loaded = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
  expect(loaded.length).toBeGreaterThan(3);
  for (const path of loaded) {
    expect(path).toMatch(/^\.\//);
    expect([path, (await world.fetch(new URL(path, 'http://x/docs/').pathname)).status]).toEqual([path, 200]);
  }
  expect(html).not.toMatch(/<script>|<style>/);
});

test('what is not there is a problem, as everywhere', async () => {
  for (const path of ['/docs/nowhere', '/docs/static/nowhere.js', '/docs/static/%2e%2e/package.json'])
    expect([path, (await world.raw(path)).headers['content-type']]).toEqual([
      path,
      expect.stringMatching(/^application\/problem\+json/),
    ]);
  expect((await world.raw('/docs/', {}, 'POST')).statusCode).toBe(405);
});

test('the document describes every route, at the public address', async () => {
  const document = (await (await world.fetch('/openapi.json')).json()) as {
    openapi: string;
    servers: { url: string }[];
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  expect(document.openapi).toMatch(/^3\.1/);
  expect(document.servers.map(({ url }) => url)).toEqual(['https://shop.example']);
  for (const { path, method, operationId } of routes)
    expect(document.paths[path]?.[method]?.operationId).toBe(operationId);
  expect(await (await world.fetch('/asyncapi.json')).json()).toMatchObject({ asyncapi: expect.stringMatching(/^3\./) });
});

describe('"Authorize" on the page', () => {
  const page = async () =>
    (await (await world.fetch('/docs/json')).json()) as {
      servers: { url: string }[];
      components: { securitySchemes: Record<string, { flows: Record<string, Record<string, unknown>> }> };
    };

  test('signs people in at the issuer, as the client that is registered for it, with PKCE', async () => {
    const script = await (await world.fetch('/docs/static/swagger-initializer.js')).text();
    expect(script).toContain('"clientId":"causeway-docs"');
    expect(script).toContain('"usePkceWithAuthorizationCodeGrant":true');
    expect(script).toContain('./static/oauth2-redirect.html');
    expect((await world.fetch('/docs/static/oauth2-redirect.html')).status).toBe(200);
    const { oidc } = (await page()).components.securitySchemes;
    expect(oidc?.flows['authorizationCode']).toMatchObject({
      authorizationUrl: `${world.issuer.settings.AUTH_ISSUER}/auth`,
      tokenUrl: `${world.issuer.settings.AUTH_ISSUER}/token`,
    });
  });

  test('takes a token from the flow that can give the scope, or one that is pasted', async () => {
    const { oidc, machine, bearer } = (await page()).components.securitySchemes;
    expect(Object.keys(oidc?.flows['authorizationCode']?.['scopes'] as object)).toEqual(peopleScopes);
    expect(Object.keys(machine?.flows['clientCredentials']?.['scopes'] as object)).toEqual(scopesOf.machines);
    expect(bearer).toMatchObject({ type: 'http', scheme: 'bearer' });
  });

  test('may call the issuer for tokens where that is another host, and no other origin', async () => {
    const policy = (await world.fetch('/docs/')).headers.get('content-security-policy');
    expect(policy).toContain(`connect-src 'self' ${new URL(world.issuer.settings.AUTH_ISSUER).origin};`);
  });

  test('stays with the address that the page was opened at where the issuer is behind the gateway', async () => {
    await world.startGateway({ PUBLIC_URL: new URL(world.issuer.settings.AUTH_ISSUER).origin });
    const { servers, components } = await page();
    expect(servers).toMatchObject([{ url: '/' }]);
    expect(components.securitySchemes['oidc']?.flows['authorizationCode']?.['tokenUrl']).toBe('/oidc/token');
    expect((await world.fetch('/docs/')).headers.get('content-security-policy')).toContain("connect-src 'self';");
  });
});

test.each([
  ['?code=secret-code&state=x', 'You are signed in'],
  ['?error=access_denied', 'The sign-in was cancelled'],
  ['?error=server_error&error_description=<script>', 'The sign-in did not work'],
  ['', 'Nothing is signed in here'],
])('a person who is sent to /callback%s reads what happened', async (query, title) => {
  const response = await world.fetch(`/callback${query}`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch('text/html');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
  const html = await response.text();
  expect(html).toContain(`<h1>${title}</h1>`);
  expect(html).not.toMatch(/secret-code|<script>/);
});
