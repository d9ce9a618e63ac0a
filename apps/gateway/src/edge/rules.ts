import { routes, scopesOfRoute } from '@causeway/contracts';
import type { FastifyRequest } from 'fastify';
import { oidcUrls } from '../proxy/proxy.plugin.js';
import type { ForwardedRoute } from '../recorded-routes.js';
import { routeUrl } from '../route-url.js';

/** The rate limit that a request counts towards. */
export type Limit =
  | 'general'
  // demo
  | 'webhook'
  // end demo
  | 'signIn';

/** What the edge requires of a request. */
export interface EdgeRule {
  /** The request needs a valid token with one of these scopes. None: it needs no token. */
  readonly scopes: readonly string[];
  readonly limit: Limit;
}

/** Hashing passwords and issuing tokens have a limit of their own. */
const limits: Readonly<Record<string, Limit>> = {
  registerUser: 'signIn',
  // demo
  // Webhooks of the payment provider come from few addresses.
  receivePspWebhook: 'webhook',
  // end demo
};

const general: EdgeRule = { scopes: [], limit: 'general' };
/** By method and URL of a route, as Fastify writes it. */
export type EdgeRules = ReadonlyMap<string, EdgeRule>;

/** @param recorded Routes of services that are not in the contracts. Default none. */
export const edgeRules = (recorded: readonly ForwardedRoute[] = []): EdgeRules =>
  new Map(
    [...recorded.map((route) => ({ ...route, operationId: '' })), ...routes].map(
      ({ operationId, method, path, ...needed }) => [
        `${method.toUpperCase()} ${routeUrl(path)}`,
        { scopes: scopesOfRoute(needed), limit: limits[operationId] ?? 'general' },
      ],
    ),
  );

/**
 * The rule of the matched route. Addresses that do not exist, and the gateway's own pages, fall under the general
 * limit.
 */
export function ruleOf(
  rules: EdgeRules,
  { method, routeOptions: { url = '' } }: Pick<FastifyRequest, 'method' | 'routeOptions'>,
): EdgeRule {
  if (oidcUrls.includes(url)) return { scopes: [], limit: 'signIn' };
  // Fastify serves HEAD wherever there is a GET.
  return rules.get(`${method === 'HEAD' ? 'GET' : method} ${url}`) ?? general;
}
