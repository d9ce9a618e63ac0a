import type { FastifyInstance, FastifyReply } from 'fastify';
import type { HostState } from '../host-state.js';

/** For an API that answers with JSON (OWASP REST Security Cheat Sheet). */
export const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

declare module 'fastify' {
  interface FastifyReply {
    /** The answer of another server, passed on: what browsers may do with it is that server's to say. */
    passedOn: boolean;
  }
}

/** Hijacked replies are on their own. */
export function finishEveryAnswer(fastify: FastifyInstance, host: HostState): void {
  fastify.decorateReply('passedOn', false);
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    finishHeaders(reply, host);
    done();
  });
}

/**
 * Adds the security headers that the handler has not set itself, and `Connection: close` once the process is stopping: without it a keep-alive
 * connection with a request in flight holds the process for the keep-alive timeout (74 s measured with Fastify 5.12).
 */
export function finishHeaders(reply: FastifyReply, host: HostState): void {
  if (!reply.passedOn)
    for (const [name, value] of Object.entries(securityHeaders)) if (!reply.hasHeader(name)) reply.header(name, value);
  if (host.isStopping) reply.header('connection', 'close');
}
