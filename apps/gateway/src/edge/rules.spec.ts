import { routes, scopesOfRoute } from '@causeway/contracts';
import type { FastifyRequest } from 'fastify';
import { routeUrl } from '../route-url.js';
import { edgeRules, ruleOf } from './rules.js';

const rule = (method: string, url?: string) =>
  ruleOf(edgeRules(), { method, routeOptions: { url } as FastifyRequest['routeOptions'] });

test('every route of the contracts needs the scopes that it declares, also for HEAD', () => {
  for (const { method, path, ...needed } of routes) {
    const scopes = scopesOfRoute(needed);
    expect([path, rule(method.toUpperCase(), routeUrl(path)).scopes]).toEqual([path, scopes]);
    if (method === 'get') expect([path, rule('HEAD', routeUrl(path)).scopes]).toEqual([path, scopes]);
  }
});

test.each([
  ['POST', '/v1/users', 'signIn'],
  ['GET', '/oidc/*', 'signIn'],
  ['POST', '/oidc/*', 'signIn'],
  ['GET', '/.well-known/openid-configuration', 'signIn'],
  // demo
  ['POST', '/webhooks/psp', 'webhook'],
  ['GET', '/v1/orders/:orderId', 'general'],
  // end demo
  ['GET', '/v1/users/me', 'general'],
  ['GET', '/docs', 'general'],
  ['GET', undefined, 'general'],
])('%s %s counts for the limit %s', (method, url, limit) => expect(rule(method, url).limit).toBe(limit));
