import { opaque } from '@causeway/contracts';
import { CodedError, errorCodes } from '@causeway/errors';
import { decodeForm } from '@causeway/service-host';
import { getLogger } from '@causeway/telemetry';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errors, type Interaction, type Provider } from 'oidc-provider';
import { z } from 'zod';
import { browserCookie, placeOf } from './place.js';
import { formTargets, loginPage, messagePage, pageHeaders } from './pages.js';
import type { SignIn } from './sign-in.js';

const log = getLogger('oidc');
const formBytes = 4_096;
const credentials = z.object({ email: opaque(1, 254), password: opaque(1, 256) });

/**
 * Mounts the sign-in pages. An interaction belongs to the browser that holds its signed, HttpOnly, SameSite=Lax cookie,
 * which is set for this path only. A form posted from another site arrives without that cookie and is refused, so it
 * needs no further CSRF token.
 */
export function mountInteractions(fastify: FastifyInstance, provider: Provider, signIn: SignIn, issuer: URL): void {
  const path = `${issuer.pathname}/interaction/:uid`;
  void fastify.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'buffer', bodyLimit: formBytes },
      ({ headers }, body, parsed) => parsed(null, Object.fromEntries(decodeForm(headers, body as Buffer))),
    );
    scope.setErrorHandler((error, _request, reply) => sendErrorPage(error, reply));
    scope.addHook('onRequest', (request, _reply, next) =>
      next(isForeign(request, issuer) ? new ForeignForm() : undefined),
    );

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
    done();
  });
}

class ForeignForm extends Error {}

/**
 * A second check besides the cookie: browsers send `Origin` with a form. A request without it does not come from a
 * browser.
 */
function isForeign({ method, headers }: FastifyRequest, issuer: URL): boolean {
  return method === 'POST' && headers.origin !== undefined && headers.origin !== issuer.origin;
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
  const html = loginPage({ action: `${issuer.pathname}/interaction/${uid}`, clientName: 'Causeway', ...shown });
  return reply.headers(pageHeaders(formTargets(params))).send(html);
}

function sendErrorPage(error: unknown, reply: FastifyReply): FastifyReply {
  const page = (status: number, title: string, text: string) =>
    reply.code(status).headers(pageHeaders()).send(messagePage(title, text));
  if (error instanceof errors.SessionNotFound) {
    return page(400, 'This sign-in has expired', 'Please go back to the application and sign in again.');
  }
  if (error instanceof ForeignForm)
    return page(403, 'This request came from another site', 'Please go back to the application and sign in again.');
  const status = error instanceof CodedError ? errorCodes[error.code].status : statusOf(error);
  if (error instanceof CodedError && (status === 429 || status >= 500)) {
    const wait = error.retryAfterSeconds ?? (status === 503 ? 2 : undefined);
    if (wait !== undefined) reply.header('retry-after', String(wait));
    const title = status === 429 ? 'Too many attempts' : 'Sign-in is temporarily unavailable';
    return page(status, title, wait === undefined ? error.remedy : `Please try again ${inWords(wait)}.`);
  }
  if (status < 500)
    return page(status, 'The form could not be read', 'Please go back to the application and sign in again.');
  log.error({ err: error }, 'unexpected error in a sign-in page; responding with 500');
  return page(500, 'Something went wrong', 'The problem is on our side. Please try again later.');
}

const statusOf = (error: unknown): number => (error as { statusCode?: number }).statusCode ?? 500;

const inWords = (seconds: number): string =>
  seconds < 90 ? `in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}` : `in ${Math.ceil(seconds / 60)} minutes`;
