import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errors, type Interaction, type Provider } from 'oidc-provider';
import { z } from 'zod';
import { opaque } from '@causeway/contracts';
import { formTargets, loginPage, pageHeaders } from './pages.js';
import { browserCookie, placeOf } from './place.js';
import type { SignIn } from './sign-in.js';

const credentials = z.object({ email: opaque(1, 254), password: opaque(1, 256) });

/**
 * Mounts the sign-in pages. An interaction belongs to the browser that holds its signed, HttpOnly, SameSite=Lax cookie,
 * which is set for this path only. A form posted from another site arrives without that cookie and is refused, so it
 * needs no further CSRF token.
 * @param scope Of `mountPages`.
 */
export function mountInteractions(scope: FastifyInstance, provider: Provider, signIn: SignIn, issuer: URL): void {
  const path = `${issuer.pathname}/interaction/:uid`;
  scope.get(path, async (request, reply) => {
    const interaction = await current(provider, request, reply);
    if (interaction.prompt.name === 'login') return showLogin(reply, interaction, issuer, {});
    // The client asked for consent (`prompt=consent`). All clients are our own, so it is granted without a page.
    return finish(provider, request, reply, { consent: {} });
  });
  scope.post(path, async (request, reply) => {
    const interaction = await current(provider, request, reply);
    const form = credentials.safeParse(request.body);
    const { email, password } = form.success ? form.data : { email: '', password: '' };
    const signedIn = form.success ? await signIn.execute(email, password, placeOf(request)) : undefined;
    if (signedIn) {
      const { accountId, sessionsEpoch, browser } = signedIn;
      reply.header('set-cookie', browserCookie(issuer, browser));
      return finish(provider, request, reply, { login: { accountId, amr: ['pwd'] }, sessionsEpoch });
    }
    const problem = 'The e-mail address or password is incorrect.';
    return showLogin(reply.code(401), interaction, issuer, {
      email: typeof email === 'string' ? email : '',
      problem,
    });
  });
  scope.post(`${path}/abort`, async (request, reply) => {
    await current(provider, request, reply);
    return finish(provider, request, reply, {
      error: 'access_denied',
      error_description: 'The user cancelled the sign-in',
    });
  });
}

async function current(provider: Provider, request: FastifyRequest, reply: FastifyReply): Promise<Interaction> {
  const interaction = await provider.interactionDetails(request.raw, reply.raw);
  const { uid } = request.params as { uid: string };
  if (interaction.uid !== uid) throw new errors.SessionNotFound('the cookie belongs to another sign-in');
  return interaction;
}

async function finish(
  provider: Provider,
  request: FastifyRequest,
  reply: FastifyReply,
  result: Parameters<Provider['interactionResult']>[2],
): Promise<FastifyReply> {
  const returnTo = await provider.interactionResult(request.raw, reply.raw, result, { mergeWithLastSubmission: true });
  return reply.header('cache-control', 'no-store').redirect(returnTo, 303);
}

function showLogin(
  reply: FastifyReply,
  { uid, params }: Interaction,
  issuer: URL,
  shown: { email?: string; problem?: string },
): FastifyReply {
  const html = loginPage({
    action: `${issuer.pathname}/interaction/${uid}`,
    clientName: 'Causeway',
    forgotten: `${issuer.pathname}/password/forgotten`,
    ...shown,
  });
  return reply.headers(pageHeaders(formTargets(params))).send(html);
}
