import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  authorisation,
  gatewayEndpoints,
  managementEndpoints,
  peopleScopes,
  roles,
  routes,
  scopesOf,
  type RouteDefinition,
} from '@causeway/contracts';
import { Customer, operatorToken } from '@causeway/demo-client';
// demo
import { Shopper } from '@causeway/demo-client';
// end demo
import { startSystem, type ServiceInstance, type System } from '@causeway/launcher';
import { requests, type About, type RequestFixture } from '../src/authorisation-requests.js';
import { patience } from '../src/patience.js';
import { SecondIssuer } from '../src/second-issuer.js';
// demo
import { ledgerOf } from '../src/system.js';
import { processTarget } from '../src/target.js';
// end demo

// Every route, sent by everybody to a running system, answers as the table in libs/contracts says.

let folder: string;
let issuer: SecondIssuer;
let system: System;
const people: Record<string, Customer> = {};
const ids: Record<string, string> = {};
let tokens: Record<string, string | undefined>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-authorisation-'));
  issuer = await SecondIssuer.start();
  const settings = { ...patience, AUTH_JWKS_URL: issuer.url };
  const limits = { RATE_LIMIT_PER_MINUTE: '100000', RATE_LIMIT_SIGN_IN_PER_MINUTE: '100000' };
  const env = Object.fromEntries(
    [...new Set(routes.map(({ owner }) => owner)), 'gateway'].map((name) => [
      name,
      name === 'gateway' ? { ...settings, ...limits } : settings,
    ]),
  );
  system = await startSystem({ folder, ports: 'any', durable: false, env });
  issuer.systemKeys = `${system.oidc.issuer}/jwks`;
  for (const name of ['customer', 'other customer', 'support', 'operator']) {
    const [email, password] = [`${randomUUID()}@example.com`, 'a kettle on the engine'];
    await Customer.register(system.endpoints, email, password, 'Ada Lovelace');
    if (name === 'support' || name === 'operator') await grant(email, name);
    people[name] = await Customer.signIn(system.endpoints, email, password);
    ids[name] = (await people[name].profile()).id;
  }
  const { issuer: url, machineClientId: id, machineSecret: secret } = system.oidc;
  // Everything is right about these, but for one thing.
  const owner = { issuer: url, clientId: 'causeway-demo', scopes: [...peopleScopes, ...scopesOf.machines] };
  tokens = {
    anonymous: undefined,
    ...Object.fromEntries(Object.entries(people).map(([name, { accessToken }]) => [name, accessToken])),
    machine: await operatorToken(url, { id, secret }, scopesOf.machines.join(' ')),
    'machine without scope': await operatorToken(url, { id, secret }, ''),
    expired: await issuer.sign(ids['customer']!, { ...owner, expiresInSeconds: -60 }),
    'another audience': await issuer.sign(ids['customer']!, { ...owner, audience: 'urn:other:api' }),
    'another issuer': await issuer.sign(ids['customer']!, { ...owner, issuer: 'https://elsewhere.example/oidc' }),
  };
  // The key of the test is trusted: what is refused below is refused for that one thing.
  const control = await send('getMe', await issuer.sign(ids['customer']!, owner), {});
  expect(control.status).toBe(200);
}, 240_000);
afterAll(async () => {
  await system?.stop();
  await issuer?.close();
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

const userService = (): ServiceInstance => system.services.find(({ service }) => service === 'user')!;
const manage = (path: string, token?: string, init: RequestInit = {}): Promise<Response> =>
  fetch(userService().managementUrl + path, {
    ...init,
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
  });

async function grant(person: string, role: string): Promise<void> {
  const body = JSON.stringify({ person, role, who: 'e2e' });
  const { status } = await manage('/governance/roles/grant', system.secrets.operatorToken, { method: 'POST', body });
  expect(status).toBe(200);
}

const routeOf = (operationId: string): RouteDefinition => routes.find((route) => route.operationId === operationId)!;

interface Answer {
  readonly status: number;
  readonly code?: string;
}

/** A success is not read: the stream of events would not end. */
async function send(operationId: string, token: string | undefined, fixture: RequestFixture): Promise<Answer> {
  const { method, path } = routeOf(operationId);
  const { params = {}, query = '', body, headers } = fixture;
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? randomUUID());
  const response = await fetch(system.urls.gateway + filled + query, {
    method: method.toUpperCase(),
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (response.status >= 400) return { status: response.status, code: ((await response.json()) as Answer).code };
  await response.body?.cancel();
  return { status: response.status };
}

const callers = [
  'anonymous',
  'expired',
  'another audience',
  'another issuer',
  'machine without scope',
  'machine',
  'operator',
  'support',
  // Before the owner, who may end what others must not find.
  'other customer',
  'customer',
] as const;
type Caller = (typeof callers)[number];

const unauthenticated: Readonly<Record<string, string>> = {
  anonymous: 'TOKEN_MISSING',
  expired: 'TOKEN_EXPIRED',
  'another audience': 'TOKEN_INVALID',
  'another issuer': 'TOKEN_INVALID',
};

/** What the table says that a caller is answered. */
function expected({ operationId, success, path }: RouteDefinition, caller: Caller): Answer {
  const row = authorisation[operationId];
  if (row === undefined) throw new Error(`${operationId} has no row in authorisation.ts`);
  if (row === 'everybody') return { status: success.status };
  // demo
  if (row === 'payment provider') return { status: 401, code: 'SIGNATURE_INVALID' };
  // end demo
  const code = unauthenticated[caller];
  if (code !== undefined) return { status: 401, code };
  const extent = row[caller === 'other customer' ? 'customer' : (caller as 'machine')];
  if (extent === undefined) return { status: 403, code: 'SCOPE_MISSING' };
  const isOthers = caller === 'other customer' && extent === 'own' && (path.includes('{') || isFiltered(operationId));
  return isOthers ? { status: 404, code: 'NOT_FOUND' } : { status: success.status };
}
/** A list that names its owner in the query is somebody's, as a path is. */
const isFiltered = (operationId: string): boolean =>
  routeOf(operationId).query !== undefined && 'customerId' in routeOf(operationId).query!.shape;

/** Whose resource a caller asks for: their own where the table gives them no other, otherwise the customer's. */
function aboutOf({ operationId, path }: RouteDefinition, caller: Caller): About {
  const row = authorisation[operationId];
  const extent = typeof row === 'object' ? row[caller as 'customer'] : undefined;
  const isOwn = extent === 'own' || (caller === 'other customer' && !path.includes('{') && !isFiltered(operationId));
  const name = isOwn ? caller : 'customer';
  return { owner: people[name]!, ownerId: ids[name]! };
}

test('every operation has a row', () => {
  expect(routes.filter(({ operationId }) => authorisation[operationId] === undefined)).toEqual([]);
});

test('a token of a person has the scopes of the role, that of a machine those of machines', () => {
  const scopesIn = (token: string) =>
    (JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { scope?: string }).scope?.split(' ') ??
    [];
  for (const role of roles) expect([role, scopesIn(tokens[role]!).sort()]).toEqual([role, [...scopesOf[role]].sort()]);
  expect(scopesIn(tokens['machine']!).sort()).toEqual([...scopesOf.machines].sort());
  expect(scopesIn(tokens['machine without scope']!)).toEqual([]);
});

// demo
test('a refund by support gives the money back once, and the customer sees it', async () => {
  const customer = Shopper.of(people['customer']!);
  const [product] = await customer.products();
  const { id: shippingAddressId } = await customer.addAddress();
  const items = [{ productId: product!.id, quantity: 1 }];
  const { body } = await customer.placeOrder({ items, shippingAddressId, paymentMethodToken: 'tok_success' });
  const { paymentId, totalMinor } = await customer.waitFor(body.id, ['CONFIRMED']);
  const cancel = () =>
    people['support']!.call(`/v1/orders/${body.id}/cancel`, {
      method: 'POST',
      body: { reason: 'arrived broken' },
      headers: { 'idempotency-key': randomUUID() },
    });
  expect((await cancel()).status).toBe(202);
  expect((await cancel()).status).toBe(202);
  const { reason, givenReason } = await customer.waitFor(body.id, ['CANCELLED']);
  expect([reason, givenReason]).toEqual([expect.stringMatching(/^cancelled by support; refunded/), 'arrived broken']);
  expect((await cancel()).status).toBe(202);
  expect(await customer.payment(paymentId)).toMatchObject({ status: 'REFUNDED', refundedMinor: totalMinor });
  expect(await ledgerOf(processTarget(system), paymentId)).toMatchObject({
    capturedMinor: totalMinor,
    refundedMinor: totalMinor,
  });
});

// end demo
test('every endpoint of the provider is in the table, and pages need no token', async () => {
  const listed = gatewayEndpoints.map(({ path }) => path);
  const response = await fetch(`${system.oidc.issuer}/.well-known/openid-configuration`);
  const discovery = (await response.json()) as Record<string, unknown>;
  const published = Object.entries(discovery)
    .filter(([name]) => /_endpoint$|^jwks_uri$/.test(name))
    .map(([, url]) => new URL(String(url)).pathname);
  expect(published.length).toBeGreaterThan(3);
  expect(published.filter((path) => !listed.includes(path))).toEqual([]);
  for (const { path, who } of gatewayEndpoints)
    if (who === 'everybody') expect([path, (await fetch(system.urls.gateway + path)).status]).toEqual([path, 200]);
});

test('the management port is open to whom the table says', async () => {
  const { managementToken, operatorToken: operators } = system.secrets;
  for (const { path, token, method = 'GET' } of managementEndpoints) {
    const init = { method, ...(method !== 'GET' && { body: '{}' }) };
    const isRefused = async (bearer?: string) => (await manage(path, bearer, init)).status === 401;
    const seen = [
      await isRefused(),
      await isRefused('x'.repeat(40)),
      await isRefused(managementToken),
      await isRefused(operators),
    ];
    const strangers = token !== undefined;
    expect([path, ...seen]).toEqual([path, strangers, strangers, token === 'OPERATOR_TOKEN', false]);
  }
});

// At the end those without a request of their own: one of them may be the end of an account.
const inOrder = [...routes].sort((a, b) => Number(!requests[a.operationId]) - Number(!requests[b.operationId]));

describe.each(inOrder.map((route) => [`${route.method.toUpperCase()} ${route.path}`, route] as const))(
  '%s',
  (_title, route) => {
    test('answers everybody as the table says', async () => {
      const answers: Record<string, Answer> = {};
      const wanted: Record<string, Answer> = {};
      for (const caller of callers) {
        const make = requests[route.operationId];
        const answer = await send(route.operationId, tokens[caller], (await make?.(aboutOf(route, caller))) ?? {});
        const want = expected(route, caller);
        wanted[caller] = want;
        // Without a request of its own, all that can be seen of a success is that it was not refused.
        const isLetIn = !make && want.status < 400 && ![401, 403].includes(answer.status);
        answers[caller] = isLetIn ? want : answer;
      }
      expect(answers).toEqual(wanted);
    });
  },
);
