import { decodeForm } from '@causeway/service-host';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type Provider from 'oidc-provider';
import { OIDC_PROVIDER } from '../tokens.js';
import { mountInteractions } from './interactions.js';
import { SignIn } from './sign-in.js';

/** The largest form that oidc-provider reads, bytes. */
const formBytes = 57_344;

/** Puts the OpenID provider under the path of its issuer, beside the routes of Nest. */
export function mountOidc(app: NestFastifyApplication): void {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  const provider = app.get<Provider>(OIDC_PROVIDER);
  const issuer = new URL(provider.issuer);
  mountInteractions(fastify, provider, app.get(SignIn), issuer);

  const answer = provider.callback();
  void fastify.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    // oidc-provider would decode whatever it gets, and put replacement characters where it cannot.
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, ({ headers }, body, parsed) => {
      decodeForm(headers, body as Buffer);
      parsed(null, body);
    });
    scope.route({
      method: ['GET', 'HEAD', 'POST', 'OPTIONS'],
      url: `${issuer.pathname}/*`,
      bodyLimit: formBytes,
      handler: (request, reply) => {
        reply.hijack();
        if (Buffer.isBuffer(request.body)) readAgain(request.raw, request.body);
        void answer(underIssuer(request.raw, issuer), reply.raw);
      },
    });
    done();
  });
  // RFC 8414 looks at the root of the host for it; OpenID Connect below the issuer.
  fastify.get('/.well-known/openid-configuration', (_request, reply) =>
    reply.redirect(`${provider.issuer}/.well-known/openid-configuration`, 308),
  );
}

/** oidc-provider reads the body itself, and takes one that was read before with a warning on standard error. */
function readAgain(request: IncomingMessage, body: Buffer): void {
  Object.defineProperties(request, { readable: { value: true }, iterator: { value: () => [body] } });
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
