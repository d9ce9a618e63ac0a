import { id, line } from '@causeway/contracts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Provider } from 'oidc-provider';
import { z } from 'zod';
import { clientAddress } from '../oidc/client-address.js';
import { accountClientId } from '../oidc/clients.js';
import { messagePage, pageHeaders } from '../oidc/pages.js';
import { browserName } from '../sessions/browser-name.js';
import { passkeyFormBytes, passkeyScript, scriptPath } from './passkey-form.js';
import { passkeysPage } from './passkey-page-texts.js';
import type { PasskeyOwner, Passkeys } from './passkeys.js';

type OwnerHandler = (owner: PasskeyOwner, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

/**
 * Mounts the page on which people look after their passkeys, and the script of all pages with passkeys. The page knows them
 * by the cookie of their session (SameSite=Lax, so no other site posts with it), and sends whoever has not signed in within
 * the last minutes to the sign-in, as any application would.
 * @param scope Of `mountPages`.
 */
export function mountPasskeyPages(scope: FastifyInstance, provider: Provider, passkeys: Passkeys, issuer: URL): void {
  const path = `${issuer.pathname}/passkeys`;
  const script = `${issuer.href}${scriptPath}`;

  const ifOwner = (handle: OwnerHandler) => async (request: FastifyRequest, reply: FastifyReply) => {
    const { accountId, uid } = await provider.Session.get(provider.createContext(request.raw, reply.raw));
    const owner = { userId: accountId ?? '', sessionUid: uid };
    const known = accountId !== undefined && (await passkeys.isOwner(owner));
    return known ? handle(owner, request, reply) : reply.redirect(signInUrl(issuer), 303);
  };
  const show: OwnerHandler = async (owner, { headers }, reply) => {
    const problem = reply.statusCode === 422 ? 'The passkey could not be added. Please try again.' : undefined;
    const name = browserName(headers['user-agent'] ?? '');
    const html = passkeysPage({ path, script, name, problem, ...(await passkeys.read(owner)) });
    return reply.headers(pageHeaders([], script)).send(html);
  };

  scope.get(`${issuer.pathname}${scriptPath}`, (_request, reply) =>
    reply
      .headers({ 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'no-cache' })
      .send(passkeyScript),
  );
  scope.get(path, async (request, reply) => {
    if (!('error' in (request.query as object))) return ifOwner(show)(request, reply);
    // Whoever cancels the sign-in comes back with an error, and is not sent there again.
    return reply.headers(pageHeaders()).send(messagePage('You are not signed in', 'You can close this page.'));
  });
  scope.post(
    path,
    { bodyLimit: passkeyFormBytes },
    ifOwner(async (owner, request, reply) => {
      const form = z.object({ name: line(60) }).safeParse(request.body);
      const added = form.success && (await passkeys.add(owner, form.data.name, request.body, clientAddress(request)));
      return added ? reply.redirect(path, 303) : show(owner, request, reply.code(422));
    }),
  );
  scope.post(
    `${path}/remove`,
    ifOwner(async (owner, request, reply) => {
      const form = z.object({ id }).safeParse(request.body);
      const removed = form.success && (await passkeys.remove(owner, form.data.id, clientAddress(request)));
      if (!removed) return reply.redirect(path, 303);
      const text =
        'You were signed out everywhere. Your device may still offer the passkey: remove it there, too, it opens nothing any more.';
      return reply.headers(pageHeaders()).send(messagePage('The passkey was removed', text));
    }),
  );
}

/** Asks for a sign-in and nothing else: neither a code nor a token comes back (OAuth 2.0 Multiple Response Types, 4). */
function signInUrl(issuer: URL): string {
  const query = new URLSearchParams({
    client_id: accountClientId,
    response_type: 'none',
    redirect_uri: `${issuer.href}/passkeys`,
    scope: 'openid',
    prompt: 'login',
  });
  return `${issuer.href}/auth?${query.toString()}`;
}
