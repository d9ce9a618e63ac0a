import { decodeForm } from '@causeway/service-host';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { mountAccountPages } from '../accounts/account-pages.js';
import { EmailConfirmation } from '../accounts/email-confirmation.js';
import { Passwords } from '../accounts/passwords.js';
import { mountPasskeyPages } from '../passkeys/passkey-pages.js';
import { PasskeySignIn } from '../passkeys/passkey-sign-in.js';
import { Passkeys } from '../passkeys/passkeys.js';
import { RelyingParty } from '../passkeys/relying-party.js';
import { mountInteractions } from './interactions.js';
import { mountPages } from './mount-pages.js';
import { OidcIssuer } from './oidc-issuer.js';
import { SignIn } from './sign-in.js';

/** Largest form that oidc-provider reads, bytes. */
const formBytes = 57_344;

/**
 * Pages that must take a form as well (OpenID Connect Core, 3.1.2.1; RP-Initiated Logout, 2). The form becomes a GET of the
 * same fields: oidc-provider would take it only with cookies that every other site can send along (`SameSite=None`).
 */
const postedPages = ['/auth', '/session/end'] as const;

/** Mounts the OpenID provider under the path of its issuer, next to Nest's routes. */
export function mountOidc(app: NestFastifyApplication): void {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  const oidc = app.get(OidcIssuer);
  const issuer = new URL(oidc.provider.issuer);
  mountPages(fastify, issuer, (scope) => {
    // Pages sign nothing, so any provider does for them.
    const ways = { signIn: app.get(SignIn), passkeySignIn: app.get(PasskeySignIn) };
    mountInteractions(scope, oidc.provider, ways, issuer);
    if (app.get(RelyingParty).hasPasskeys) mountPasskeyPages(scope, oidc.provider, app.get(Passkeys), issuer);
    mountAccountPages(scope, issuer, app.get(Passwords), app.get(EmailConfirmation));
  });

  void fastify.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    // Checked here, because oidc-provider silently replaces bytes that it cannot decode.
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, ({ headers }, body, parsed) => {
      decodeForm(headers, body as Buffer);
      parsed(null, body);
    });
    for (const path of postedPages)
      scope.post(`${issuer.pathname}${path}`, { bodyLimit: formBytes }, (request, reply) =>
        reply.redirect(`${issuer.href}${path}?${fieldsOf(request).toString()}`, 303),
      );
    scope.route({
      method: ['GET', 'HEAD', 'POST', 'OPTIONS'],
      url: `${issuer.pathname}/*`,
      bodyLimit: formBytes,
      handler: (request, reply) => {
        reply.hijack();
        if (Buffer.isBuffer(request.body)) provideBody(request.raw, request.body);
        void oidc.handle(underIssuer(request.raw, issuer), reply.raw);
      },
    });
    done();
  });
  // RFC 8414 looks for the document at the root of the host, OpenID Connect below the issuer.
  fastify.get('/.well-known/openid-configuration', (_request, reply) =>
    reply.redirect(`${issuer.href}/.well-known/openid-configuration`, 308),
  );
}

const fieldsOf = ({ headers, body }: FastifyRequest): URLSearchParams =>
  Buffer.isBuffer(body) ? decodeForm(headers, body) : new URLSearchParams();

/**
 * Lets oidc-provider read a body that Fastify has already read. It would accept `request.body`, but print a warning to
 * standard error.
 */
function provideBody(request: IncomingMessage, body: Buffer): void {
  Object.defineProperties(request, { readable: { value: true }, iterator: { value: () => [body] } });
}

/**
 * Tells oidc-provider its public address: always the issuer's, whatever `Host` or `X-Forwarded-*` say. A client that
 * could set it would choose the host of the links in the discovery document.
 */
function underIssuer(request: IncomingMessage, issuer: URL): IncomingMessage {
  const url = request.url ?? '/';
  request.headers['x-forwarded-host'] = issuer.host;
  request.headers['x-forwarded-proto'] = issuer.protocol.slice(0, -1);
  request.url = url.slice(issuer.pathname.length) || '/';
  return Object.assign(request, { originalUrl: url });
}
