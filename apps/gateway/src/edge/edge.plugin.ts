import { requireOneScope, type TokenVerifier } from '@causeway/auth';
import { CodedError } from '@causeway/errors';
import { clientNetwork } from '@causeway/service-host';
import rateLimit, { type CreateRateLimitOptions } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GatewaySettings } from '../config.js';
import { edgeRules, ruleOf, type Limit, type EdgeRule } from './rules.js';

class RateLimited extends CodedError {
  readonly code = 'RATE_LIMITED';
  readonly remedy = 'Wait for the number of seconds in Retry-After.';
  constructor(
    perMinute: number,
    override readonly retryAfterSeconds: number,
  ) {
    super(`more than ${perMinute} requests in a minute`);
  }
}

const minuteMs = 60_000;
/** Clients counted at once, for each limit; the least recently seen is forgotten. About 200 bytes each. */
const clients = 20_000;

/**
 * Checks every request before its body is read, also those for addresses that do not exist: authenticates the caller,
 * checks the scope, and applies the rate limit. A client is the subject of a valid token, else an address: a forged
 * token counts for the address that sent it.
 */
export async function registerEdge(
  fastify: FastifyInstance,
  verifier: TokenVerifier,
  settings: GatewaySettings,
): Promise<void> {
  await fastify.register(rateLimit, { global: false });
  const limiter = (perMinute: number) => {
    // `cache` reaches the store of this limiter; the types leave it out.
    const options = { max: perMinute, timeWindow: minuteMs, keyGenerator: clientOf, cache: clients };
    return fastify.createRateLimit(options as CreateRateLimitOptions);
  };
  const limiters: Record<Limit, ReturnType<typeof limiter>> = {
    general: limiter(settings.RATE_LIMIT_PER_MINUTE),
    signIn: limiter(settings.RATE_LIMIT_SIGN_IN_PER_MINUTE),
    // demo
    webhook: limiter(settings.RATE_LIMIT_WEBHOOK_PER_MINUTE),
    // end demo
  };
  const rules = edgeRules(settings.CONTRACT_FILES);
  fastify.addHook('onRequest', async (request, reply) => {
    const rule = ruleOf(rules, request);
    const refusal = await identify(request, rule, verifier);
    await count(request, reply, limiters[rule.limit]);
    if (refusal !== undefined) throw refusal;
  });
}

/**
 * @returns Why the request is refused, if it is. Nest's guard checks its own routes again; the verified token is
 *   cached.
 */
async function identify(
  request: FastifyRequest,
  { scopes }: EdgeRule,
  verifier: TokenVerifier,
): Promise<Error | undefined> {
  if (scopes.length === 0) return undefined;
  try {
    request.principal = await verifier.authenticate(request.headers.authorization);
    requireOneScope(request.principal, ...scopes);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

async function count(
  request: FastifyRequest,
  reply: FastifyReply,
  limiter: ReturnType<FastifyInstance['createRateLimit']>,
): Promise<void> {
  const state = await limiter(request);
  if (state.isAllowed) return; // no allow list is used
  reply.headers({
    'ratelimit-limit': state.max,
    'ratelimit-remaining': state.remaining,
    'ratelimit-reset': state.ttlInSeconds,
  });
  if (state.isExceeded) throw new RateLimited(state.max, Math.max(1, state.ttlInSeconds));
}

const clientOf = ({ principal, ip }: FastifyRequest): string =>
  principal ? `subject ${principal.subject}` : clientNetwork(ip);
