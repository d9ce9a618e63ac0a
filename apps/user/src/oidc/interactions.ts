import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errors, type Interaction, type Provider } from 'oidc-provider';
import { z } from 'zod';
import { opaque } from '@causeway/contracts';
import { passkeyForm, passkeyFormBytes, scriptPath } from '../passkeys/passkey-form.js';
import type { PasskeySignIn } from '../passkeys/passkey-sign-in.js';
import { formTargets, loginPage, pageHeaders } from './pages.js';
import { browserCookie, placeOf } from './place.js';
import type { SignIn } from './sign-in.js';
import type { SignInResult } from './sign-in-attempts.js';

const credentials = z.object({ email: opaque(1, 254), password: opaque(1, 256) });

/**
 * Mounts the sign-in pages. An interaction belongs to the browser that holds its signed, HttpOnly, SameSite=Lax cookie,
 * which is set for this path only. A form posted from another site arrives without that cookie and is refused, so it
 * needs no further CSRF token.
 * @param scope Of `mountPages`.
 */
export function mountInteractions(
  scope: FastifyInstance,
  provider: Provider,
  { signIn, passkeySignIn }: { readonly signIn: SignIn; readonly passkeySignIn: PasskeySignIn },
  issuer: URL,
): void {
  const show = async (reply: FastifyReply, interaction: Interaction, shown: Shown) =>
    showLogin(reply, interaction, issuer, { ...shown, passkey: await passkeySignIn.offer(interaction.uid) });
  const succeed = (request: FastifyRequest, reply: FastifyReply, result: SignInResult, amr: string[]) => {
    const { accountId, sessionsEpoch, browser } = result;
    reply.header('set-cookie', browserCookie(issuer, browser));
    return finish(provider, request, reply, { login: { accountId, amr }, sessionsEpoch });
  };
  const path = `${issuer.pathname}/interaction/:uid`;
  scope.get(path, async (request, reply) => {
    const interaction = await current(provider, request, reply);
    if (interaction.prompt.name === 'login') return show(reply, interaction, {});
    // The client asked for consent (`prompt=consent`). All clients are our own, so it is granted without a page.
    return finish(provider, request, reply, { consent: {} });
  });
  scope.post(path, async (request, reply) => {
    const interaction = await current(provider, request, reply);
    const form = credentials.safeParse(request.body);
    const { email, password } = form.success ? form.data : { email: '', password: '' };
    const signedIn = form.success ? await signIn.execute(email, password, placeOf(request)) : undefined;
    if (signedIn) return succeed(request, reply, signedIn, ['pwd']);
    return show(reply.code(401), interaction, { email, problem: 'The e-mail address or password is incorrect.' });
  });
  scope.post(`${path}/passkey`, { bodyLimit: passkeyFormBytes }, async (request, reply) => {
    const interaction = await current(provider, request, reply);
    const signedIn = await passkeySignIn.execute(interaction.uid, request.body, placeOf(request));
    // The device has verified its holder, too: two factors, and a key whose protection we do not ask for (RFC 8176).
    if (signedIn) return succeed(request, reply, signedIn, ['pop', 'mfa']);
    const problem = 'This passkey does not open an account. Try another one, or use your password.';
    return show(reply.code(401), interaction, { problem });
  });
  scope.post(`${path}/abort`, async (request, reply) => {
    await current(provider, request, reply);
    return finish(provider, request, reply, {
      error: 'access_denied',
      error_description: 'The user cancelled the sign-in',
    });
  });
}

interface Shown {
  readonly email?: string;
  readonly problem?: string;
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
  { passkey: options, ...shown }: Shown & { readonly passkey: unknown },
): FastifyReply {
  const action = `${issuer.pathname}/interaction/${uid}`;
  const script = options === undefined ? undefined : `${issuer.href}${scriptPath}`;
  const html = loginPage({
    action,
    clientName: 'Causeway',
    forgotten: `${issuer.pathname}/password/forgotten`,
    passkey:
      script &&
      passkeyForm({
        action: `${action}/passkey`,
        ceremony: 'get',
        options,
        script,
        button: 'Sign in with a passkey',
        failure: 'No passkey was used. Try again, or sign in with your password.',
      }),
    ...shown,
  });
  return reply.headers(pageHeaders(formTargets(params), script)).send(html);
}
