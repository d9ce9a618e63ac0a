import type { FastifyInstance } from 'fastify';
import type { HostState } from '../host-state.js';

/**
 * For an API that answers with JSON (OWASP REST Security Cheat Sheet). Each is set only where the handler has not set it, so that a
 * service can say something else for one route. Hijacked replies are on their own.
 */
const securityHeaders: readonly (readonly [name: string, value: string])[] = [
  ['cache-control', 'no-store'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['referrer-policy', 'no-referrer'],
  ['strict-transport-security', 'max-age=31536000; includeSubDomains'],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
];

/**
 * Sets the security headers, and `Connection: close` once the process is stopping: without it a keep-alive connection with a request in
 * flight holds the process for the keep-alive timeout (74 s measured with Fastify 5.12).
 */
export function finishHeaders(fastify: FastifyInstance, host: HostState): void {
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    for (const [name, value] of securityHeaders) if (!reply.hasHeader(name)) reply.header(name, value);
    if (host.isStopping) reply.header('connection', 'close');
    done();
  });
}
