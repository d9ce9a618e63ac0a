import { CodedError } from '@causeway/errors';
import { requireScopes, type TokenVerifier } from '@causeway/auth';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { GatewaySettings } from '../config.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route needs a valid token with this scope. */
    scope?: string;
    /** The route makes us hash a password, or hand out tokens: it has a limit of its own. */
    signIn?: boolean;
  }
}

class RateLimited extends CodedError {
  readonly code = 'RATE_LIMITED';
  readonly remedy = 'Wait as long as Retry-After says.';
  constructor(
    readonly perMinute: number,
    override readonly retryAfterSeconds: number,
  ) {
    super(`more than ${perMinute} requests in a minute`);
  }
}

const minuteMs = 60_000;

/**
 * What happens to every request before anything is done for it: who is it, may they, and how much have they asked for lately.
 * Routes of Nest controllers have their guard besides; the verified token is cached, so asking twice costs nothing.
 */
export async function registerEdge(
  fastify: FastifyInstance,
  verifier: TokenVerifier,
  settings: GatewaySettings,
): Promise<void> {
  fastify.addHook('onRequest', async (request) => {
    const { scope } = request.routeOptions.config;
    if (scope === undefined) return;
    request.principal = await verifier.authenticate(request.headers.authorization);
    requireScopes(request.principal, scope);
  });
  await fastify.register(rateLimit, {
    hook: 'preHandler', // after onRequest, which tells whose limit it is
    timeWindow: minuteMs,
    max: (request) => limitOf(request, settings),
    keyGenerator: (request) =>
      `${request.routeOptions.config.signIn ? 'sign-in ' : ''}${request.principal?.subject ?? request.ip}`,
    errorResponseBuilder: (request, { ttl }) =>
      new RateLimited(limitOf(request, settings), Math.max(1, Math.ceil(ttl / 1_000))),
    enableDraftSpec: true,
  });
}

const limitOf = ({ routeOptions }: FastifyRequest, settings: GatewaySettings): number =>
  routeOptions.config.signIn ? settings.RATE_LIMIT_SIGN_IN_PER_MINUTE : settings.RATE_LIMIT_PER_MINUTE;
