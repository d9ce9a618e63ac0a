import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type Provider from 'oidc-provider';
import { OIDC_PROVIDER } from '../tokens.js';
import { mountInteractions } from './interactions.js';
import { SignIn } from './sign-in.js';

/** Puts the OpenID provider under the path of its issuer, beside the routes of Nest. */
export function mountOidc(app: NestFastifyApplication): void {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  const provider = app.get<Provider>(OIDC_PROVIDER);
  const issuer = new URL(provider.issuer);
  mountInteractions(fastify, provider, app.get(SignIn), issuer);

  const answer = provider.callback();
  const forward = (request: FastifyRequest, reply: FastifyReply): void => {
    // Taken before the body is parsed: oidc-provider reads it itself.
    reply.hijack();
    void answer(underIssuer(request.raw, issuer), reply.raw);
  };
  fastify.route({
    method: ['GET', 'HEAD', 'POST', 'OPTIONS'],
    url: `${issuer.pathname}/*`,
    onRequest: forward,
    handler: () => undefined,
  });
  // RFC 8414 looks at the root of the host for it; OpenID Connect below the issuer.
  fastify.get('/.well-known/openid-configuration', (_request, reply) =>
    reply.redirect(`${provider.issuer}/.well-known/openid-configuration`, 308),
  );
}

/**
 * What oidc-provider needs to know of where it lives. The public address is that of the issuer, whatever `Host` or `X-Forwarded-*` say: a
 * client that could choose them would choose the host of the links in the discovery document.
 */
function underIssuer(request: IncomingMessage, issuer: URL): IncomingMessage {
  const url = request.url ?? '/';
  request.headers['x-forwarded-host'] = issuer.host;
  request.headers['x-forwarded-proto'] = issuer.protocol.slice(0, -1);
  request.url = url.slice(issuer.pathname.length) || '/';
  return Object.assign(request, { originalUrl: url });
}
