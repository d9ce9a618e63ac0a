import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scopes } from '@causeway/contracts';
import { edgeRules, ruleOf } from './edge/rules.js';
import { recordedRoutes } from './recorded-routes.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'causeway-records-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const operation = (path: string, more: object = {}) => ({
  kind: 'operation',
  owner: 'blog',
  method: 'post',
  path,
  needs: [`the scope ${scopes.profile}`],
  scope: scopes.profile,
  ...more,
});

function record(contracts: object, name = 'record.json'): string {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify({ service: 'blog', contracts }));
  return file;
}

test('the operations that the service owns are forwarded, under the scope of the record', () => {
  const routes = recordedRoutes([
    record({
      publishPost: operation('/v1/posts/{postId}'),
      getMe: operation('/v1/others', { owner: 'user' }),
      'blog.evt.x.v1': { kind: 'event' },
    }),
  ]);
  expect(routes).toEqual([
    { operationId: 'publishPost', method: 'post', path: '/v1/posts/{postId}', owner: 'blog', scope: scopes.profile },
  ]);
  const rule = ruleOf(edgeRules(routes), { method: 'POST', routeOptions: { url: '/v1/posts/:postId' } as never });
  expect(rule).toEqual({ scopes: [scopes.profile], limit: 'general' });
});

test('a record cannot take a route, or the limit, of another service', () => {
  const taken = record({ x: operation('/v1/users/me/addresses') });
  expect(() => recordedRoutes([taken])).toThrow(/POST \/v1\/users\/me\/addresses is a route of user/);
  const renamed = record({
    x: operation('/v1/users/me/addresses/{id}', { method: 'put', scope: undefined, needs: [] }),
  });
  expect(() => recordedRoutes([renamed])).toThrow(/is a route of user/);
  const limited = recordedRoutes([record({ receivePspWebhook: operation('/v1/posts') })]);
  const rule = ruleOf(edgeRules(limited), { method: 'POST', routeOptions: { url: '/v1/posts' } as never });
  expect(rule.limit).toBe('general');
});

test('two records cannot have the same route', () => {
  const files = ['a.json', 'b.json'].map((name) => record({ x: operation('/v1/posts') }, name));
  expect(() => recordedRoutes(files)).toThrow(/POST \/v1\/posts is in two contract records/);
});

test.each<[string, object]>([
  ['a scope that is only named among the needs', operation('/v1/posts', { scope: undefined })],
  ['a scope that nobody can get', operation('/v1/posts', { scope: 'everything', needs: ['the scope everything'] })],
  ['a signature, which the gateway does not check', operation('/v1/posts', { signed: true })],
  ['a path outside of the API', operation('/oidc/token')],
  ['a wildcard', operation('/v1/*')],
])('%s is refused', (_what, contract) => {
  expect(() => recordedRoutes([record({ x: contract })])).toThrow(/record\.json/);
});

test('a file that is missing or no JSON is named', () => {
  expect(() => recordedRoutes([join(folder, 'none.json')])).toThrow(/none\.json cannot be read/);
  writeFileSync(join(folder, 'half.json'), '{');
  expect(() => recordedRoutes([join(folder, 'half.json')])).toThrow(/half\.json cannot be read/);
});
