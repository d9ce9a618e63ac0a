import { routes } from '@causeway/contracts';
import type { FastifyRequest } from 'fastify';
import { oidcUrls } from '../proxy/proxy.plugin.js';
import { routeUrl } from '../route-url.js';

/** Which of the limits a request counts for. */
export type Limit = 'general' | 'signIn' | 'webhook';

/** What is asked of a request before anything is done for it. */
export interface Rule {
  /** It needs a valid token with this scope. */
  readonly scope?: string;
  readonly limit: Limit;
}

/** What makes us hash a password, or hand out tokens, has a limit of its own; so has the provider, whose reports all come from one address. */
const limits: Readonly<Record<string, Limit>> = { registerUser: 'signIn', receivePspWebhook: 'webhook' };

const general: Rule = { limit: 'general' };
const rules = new Map<string, Rule>(
  routes.map(({ operationId, method, path, scope }) => [
    `${method.toUpperCase()} ${routeUrl(path)}`,
    { ...(scope !== undefined && { scope }), limit: limits[operationId] ?? 'general' },
  ]),
);

/** By the route that was found. Addresses that do not exist, and pages of our own, fall under the general limit. */
export function ruleOf({ method, routeOptions: { url = '' } }: Pick<FastifyRequest, 'method' | 'routeOptions'>): Rule {
  if (oidcUrls.includes(url)) return { limit: 'signIn' };
  // Fastify answers HEAD wherever there is a GET.
  return rules.get(`${method === 'HEAD' ? 'GET' : method} ${url}`) ?? general;
}
