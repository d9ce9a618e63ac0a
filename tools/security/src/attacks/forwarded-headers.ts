import type { Attack, Found } from '../attack.js';
import type { AttackedSystem } from '../attacked-system.js';
import { AttackerBrowser } from '../browser.js';
import { ownedId } from '../requests.js';

const theirTrace = 'c0ffee'.repeat(6).slice(0, 32);

/** What a client says about where it comes from, and about itself: nothing of it is believed. */
export const forwardedHeaders: Attack = {
  id: 'http/forwarded-headers',
  about: 'traceparent, tracestate, baggage, X-Forwarded-*, Host, Origin, and headers that other servers obey',
  fast: true,
  run: async (system, found) => {
    await traces(system, found);
    await hosts(system, found);
    await overrides(system, found);
    await origins(system, found);
  },
};

async function traces(system: AttackedSystem, found: Found): Promise<void> {
  const authorization = `Bearer ${await system.victim.issued()}`;
  const cases: readonly Readonly<Record<string, string>>[] = [
    { traceparent: `00-${theirTrace}-${'d'.repeat(16)}-01`, tracestate: 'a=1', baggage: 'a=1' },
    { traceparent: `00-${theirTrace}-${'d'.repeat(16)}-00` },
    { traceparent: `cc-${theirTrace}-${'d'.repeat(16)}-01-more` },
    { traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01` },
    { traceparent: 'a'.repeat(8_000) },
    { tracestate: Array.from({ length: 1_000 }, (_, index) => `k${index}=v`).join() },
    { baggage: Array.from({ length: 1_000 }, (_, index) => `k${index}=v`).join() },
    { baggage: `a=${'%'.repeat(5_000)}` },
    { b3: `${theirTrace}-${'d'.repeat(16)}-1` },
  ];
  for (const headers of cases) {
    const answer = await system.http.send({
      method: 'GET',
      path: '/v1/users/me',
      headers: { authorization, ...headers },
    });
    const [name, value] = Object.entries(headers)[0]!;
    const about = `${name}: ${value.slice(0, 60)}`;
    if (answer.status !== 200) found(`${about} → ${answer.status}`);
    if (answer.headers['x-trace-id'] === theirTrace) found(`${about}: the caller chooses our trace id`);
  }
  if ((await system.logs()).includes(theirTrace)) found('the caller’s trace id is in our logs');
}

async function hosts(system: AttackedSystem, found: Found): Promise<void> {
  const evil = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'gopher', 'x-forwarded-port': '1' };
  const more = { forwarded: 'host=evil.example;proto=gopher', 'x-forwarded-prefix': '/evil', 'x-host': 'evil.example' };
  const path = new AttackerBrowser(system).authorizationPath();
  for (const headers of [{ host: 'evil.example' }, { host: 'evil.example:1', ...evil, ...more }, { ...evil, ...more }])
    for (const address of [
      '/oidc/.well-known/openid-configuration',
      '/.well-known/openid-configuration',
      path,
      '/docs',
      '/openapi.json',
    ]) {
      const { text, headers: received } = await system.http.send({ method: 'GET', path: address, headers });
      if (/evil|gopher/.test(`${text} ${received.location ?? ''} ${String(received['set-cookie'])}`))
        found(`${address.slice(0, 60)} with ${JSON.stringify(headers)} shows the host that the client named`);
    }
}

async function overrides(system: AttackedSystem, found: Found): Promise<void> {
  const { victim, stranger } = system;
  const id = await ownedId(system, 'addressId', victim);
  const path = `/v1/users/me/addresses/${id}`;
  const authorization = `Bearer ${await victim.issued()}`;
  for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override'])
    await system.http.send({ method: 'GET', path, headers: { authorization, 'if-match': '"1"', [name]: 'DELETE' } });
  await system.http.send({
    method: 'GET',
    path: `${path}?_method=DELETE`,
    headers: { authorization, 'if-match': '"1"' },
  });
  const { status } = await system.http.send({ method: 'GET', path, headers: { authorization } });
  if (status !== 200) found(`a header turned GET into DELETE: ${status}`);
  const claims = ['x-user-id', 'x-forwarded-user', 'x-auth-request-user', 'x-remote-user', 'x-authenticated-userid'];
  const inner = ['x-original-url', 'x-rewrite-url', 'x-envoy-original-path', 'x-forwarded-uri'];
  for (const headers of [
    Object.fromEntries(claims.map((name) => [name, victim.id])),
    { 'x-internal': '1', 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' },
    {
      'x-forwarded-client-cert':
        'By=spiffe://cluster.local/ns/causeway/sa/gateway;URI=spiffe://cluster.local/ns/causeway/sa/gateway',
    },
    {
      'proxy-authorization': authorization,
      'x-authorization': authorization,
      cookie: `access_token=${await victim.issued()}`,
    },
  ]) {
    const answer = await system.http.send({ method: 'GET', path: '/v1/users/me', headers });
    if (answer.status !== 401) found(`${JSON.stringify(headers).slice(0, 100)} in place of a token → ${answer.status}`);
  }
  for (const name of inner) {
    const answer = await system.http.send({ method: 'GET', path: '/docs/', headers: { [name]: '/v1/users/me' } });
    if (answer.text.includes(victim.email)) found(`${name} leads to another path`);
  }
  const other = await system.http.send({ method: 'GET', path: `/v1/users/me?access_token=${await victim.issued()}` });
  if (other.status !== 401) found(`a token in the address → ${other.status}`);
  const both = { authorization: [`Bearer ${await stranger.issued()}`, authorization] };
  const twice = await system.http.send({ method: 'GET', path, headers: both as never });
  if (twice.status === 200) found('two Authorization headers: the second counted');
}

/** A page of another site reads no answer, of the API or of the provider. */
async function origins(system: AttackedSystem, found: Found): Promise<void> {
  const gateway = system.endpoints.gateway;
  const paths = [...new Set(system.routes.map(({ path }) => path.replaceAll(/\{\w+\}/g, 'a')))];
  const all = [...system.some(paths, 5), '/oidc/token', '/oidc/token/introspection', '/oidc/jwks', '/oidc/auth'];
  for (const origin of ['https://evil.example', 'null', `${gateway}.evil.example`, 'http://127.0.0.1', 'file://'])
    for (const path of all)
      for (const method of ['OPTIONS', 'GET', 'POST']) {
        const headers = { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'a' };
        const answer = await system.http.send({ method, path, headers });
        const allowed = answer.headers['access-control-allow-origin'];
        if (allowed !== undefined || answer.headers['access-control-allow-credentials'] !== undefined)
          found(`${method} ${path} may be read by ${origin}: ${allowed}`);
      }
}
