import { routes } from '@causeway/contracts';
import { about } from '@causeway/telemetry';
import type { FastifyInstance, HTTPMethods } from 'fastify';
import type { ForwardedRoute } from '../recorded-routes.js';
import { routeUrl } from '../route-url.js';
import type { Forwarder } from './forwarder.js';

/** Sign-in pages and endpoints: a protocol of its own, whose paths `oidc-provider` defines. */
export const oidcUrls: readonly string[] = ['/oidc/*', '/.well-known/openid-configuration'];
const oidcMethods: HTTPMethods[] = ['GET', 'POST', 'OPTIONS'];

export interface ProxyOptions {
  readonly forwarder: Forwarder;
  /** Routes of services that are not in the contracts. Default none. */
  readonly recorded?: readonly ForwardedRoute[];
}

/** Forwards every route of the contracts that another service owns, those of contract records, and nothing else. */
export function proxyPlugin(
  fastify: FastifyInstance,
  { forwarder, recorded = [] }: ProxyOptions,
  done: () => void,
): void {
  // Bytes in, bytes out: bodies are not parsed, only buffered (up to BODY_LIMIT_BYTES) so that one retry is possible.
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body));

  const add = (owner: string, method: HTTPMethods | HTTPMethods[], url: string) =>
    fastify.route({
      method,
      url,
      handler: (request, reply) => about(request.params, () => forwarder.forward(owner, request, reply)),
    });
  for (const { owner, method, path } of [...routes, ...recorded])
    if (owner !== 'gateway') add(owner, method.toUpperCase() as HTTPMethods, routeUrl(path));
  for (const url of oidcUrls) add('user', oidcMethods, url);
  done();
}
