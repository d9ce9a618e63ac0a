import { routes, type RouteDefinition } from '@causeway/contracts';
import replyFrom, { type FastifyReplyFromOptions } from '@fastify/reply-from';
import type { FastifyInstance, HTTPMethods } from 'fastify';
import type { Forwarder } from './forwarder.js';

/** Sign-in pages and endpoints: a protocol of its own, whose paths `oidc-provider` decides. */
const oidcPaths = ['/oidc/*', '/.well-known/openid-configuration'];
const oidcMethods: HTTPMethods[] = ['GET', 'POST', 'OPTIONS'];

/** Every route of the contracts that another service owns, and nothing else, is reachable through the gateway. */
export async function proxyPlugin(fastify: FastifyInstance, { forwarder }: { forwarder: Forwarder }): Promise<void> {
  // Bytes in, bytes out: bodies are not parsed here, only held (up to BODY_LIMIT_BYTES) so that one retry is possible.
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  // reply-from brings an older undici, whose types differ; it only calls `request`.
  const undici = forwarder.dispatcher as unknown as FastifyReplyFromOptions['undici'];
  await fastify.register(replyFrom, { undici, disableRequestLogging: true });

  for (const route of routes) if (route.owner !== 'gateway') addRoute(fastify, route, route.owner, forwarder);
  for (const url of oidcPaths) {
    fastify.route({
      method: oidcMethods,
      url,
      config: { signIn: true },
      handler: (request, reply) => forwarder.forward('user', request, reply),
    });
  }
}

function addRoute(fastify: FastifyInstance, route: RouteDefinition, owner: string, forwarder: Forwarder): void {
  fastify.route({
    method: route.method.toUpperCase() as HTTPMethods,
    url: route.path.replace(/\{(\w+)\}/g, ':$1'),
    config: {
      ...(route.scope !== undefined && { scope: route.scope }),
      ...(route.operationId === 'registerUser' && { signIn: true }),
    },
    handler: (request, reply) => forwarder.forward(owner, request, reply),
  });
}
