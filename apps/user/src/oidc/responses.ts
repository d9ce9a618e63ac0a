import { scopes } from '@causeway/contracts';
import { CodedError, problemContentType, toProblem } from '@causeway/errors';
import { refusalOf, securityHeaders, traceIdHeader } from '@causeway/service-host';
import { getLogger } from '@causeway/telemetry';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { formTargets, selfSubmittingPageHeaders } from './pages.js';

type Middleware = Parameters<Provider['use']>[0];

const log = getLogger('oidc');

/** Allowed methods of each of oidc-provider's paths below the issuer; disabled features have none. */
const allowed: Readonly<Record<string, string>> = {
  '/.well-known/oauth-authorization-server': 'GET, HEAD, OPTIONS',
  '/.well-known/openid-configuration': 'GET, HEAD, OPTIONS',
  '/auth': 'GET, HEAD, POST',
  '/jwks': 'GET, HEAD, OPTIONS',
  '/session/end': 'GET, HEAD, POST',
  '/session/end/confirm': 'POST',
  '/session/end/success': 'GET, HEAD',
  '/token': 'OPTIONS, POST',
  '/token/introspection': 'OPTIONS, POST',
  '/token/revocation': 'OPTIONS, POST',
};

/** Routes that people see in a browser. Programs call all others. */
const pageRoutes = new Set(['authorization', 'resume', 'end_session', 'end_session_confirm', 'end_session_success']);

/**
 * Returns true if an error should be a page: for a browser, on a route for people. Otherwise it is OAuth's JSON (RFC
 * 6749, 5.2).
 */
export const wantsPage = (ctx: KoaContextWithOIDC): boolean =>
  pageRoutes.has(ctx.oidc.route) && ctx.accepts('html', 'json') !== 'json';

/**
 * Completes the responses that oidc-provider leaves to Koa, which sends plain text: unknown paths and methods, and
 * errors outside oidc-provider's own handlers, such as a session that could not be stored. Also sets the policy of the
 * page that submits itself.
 */
export function completeResponses(provider: Provider): void {
  provider.use(async (ctx, next) => {
    ctx.set(securityHeaders);
    try {
      await next();
    } catch (error) {
      if (!(error instanceof CodedError)) log.error({ err: error }, 'unexpected error; responding with 500');
      return sendProblem(ctx, error);
    }
    if (ctx.status === 404 && ctx.body === undefined) {
      const allow = allowed[ctx.path.replace(/\/$/, '').toLowerCase()];
      if (allow !== undefined) ctx.set('allow', allow);
      return sendProblem(ctx, refusalOf(allow === undefined ? 404 : 405));
    }
    // oidc-provider knows the scopes of OpenID Connect only; those of the API belong to a resource.
    if (ctx.oidc.route === 'discovery') {
      const document = ctx.body as { scopes_supported: string[] };
      document.scopes_supported.push(...Object.values(scopes));
    }
    const script =
      typeof ctx.body === 'string' && ctx.response.is('html') && /<script>([^]*?)<\/script>/.exec(ctx.body);
    if (script) ctx.set(selfSubmittingPageHeaders(script[1]!, formTargets(ctx.oidc.params)));
  });
}

function sendProblem(ctx: Parameters<Middleware>[0], error: unknown): void {
  const problem = toProblem(error, ctx.res.getHeader(traceIdHeader)?.toString());
  const { retryAfterSeconds } = error as Partial<CodedError>;
  if (retryAfterSeconds !== undefined) ctx.set('retry-after', String(retryAfterSeconds));
  ctx.status = problem.status;
  ctx.set('content-type', problemContentType);
  ctx.body = JSON.stringify(problem);
}
