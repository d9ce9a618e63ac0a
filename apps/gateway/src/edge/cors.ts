import { httpHeaders } from '@causeway/contracts';
import { traceIdHeader } from '@causeway/service-host';
import type { FastifyInstance } from 'fastify';

/** How long a browser may remember the answer to a preflight, seconds. Chrome remembers at most two hours. */
const maxAgeSeconds = 3_600;
const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const requestHeaders = ['authorization', 'content-type', 'if-match', 'if-none-match', httpHeaders.idempotencyKey];
/** What scripts of another origin may read besides what the Fetch standard always lets them. */
const responseHeaders = [
  'etag',
  'location',
  'retry-after',
  'www-authenticate',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  traceIdHeader,
  httpHeaders.idempotencyReplayed,
];

/**
 * Lets scripts of the listed origins read responses, and nobody else's (Fetch standard, CORS protocol). No credentials: the
 * API takes tokens, and no cookie of a sign-in is of use to a script. A request from elsewhere is served as before, because
 * refusing it protects nobody: the browser keeps the response from the script, and others do not send `Origin` anyway.
 *
 * `@fastify/cors` would answer OPTIONS for addresses that do not exist, and invalid preflights as plain text.
 *
 * @param origins Allowed origins, as browsers write them. Empty: none.
 */
export function registerCors(fastify: FastifyInstance, origins: readonly string[]): void {
  const allowed = new Set(origins);
  if (allowed.size === 0) return; // then no response depends on the origin

  fastify.addHook('onRequest', (request, reply, done) => {
    const { origin, 'access-control-request-method': asked } = request.headers;
    const { raw } = reply;
    // On the raw response, which streams write themselves.
    raw.setHeader('vary', 'Origin');
    if (origin === undefined || !allowed.has(origin)) return done();
    raw.setHeader('access-control-allow-origin', origin);
    if (request.method !== 'OPTIONS' || asked === undefined) {
      raw.setHeader('access-control-expose-headers', responseHeaders.join(', '));
      return done();
    }
    // Before limits and tokens: a browser sends no token with a preflight.
    raw.setHeader('access-control-allow-methods', methods);
    raw.setHeader('access-control-allow-headers', requestHeaders.join(', '));
    raw.setHeader('access-control-max-age', maxAgeSeconds);
    void reply.code(204).send();
  });

  // What a handler or service says itself would replace the header above.
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    const vary = reply.getHeader('vary');
    if (vary !== undefined && !/\*|\borigin\b/i.test(String(vary))) reply.header('vary', `${String(vary)}, Origin`);
    done();
  });
}
