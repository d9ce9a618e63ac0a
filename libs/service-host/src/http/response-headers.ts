import type { FastifyInstance, FastifyReply } from 'fastify';

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
    /** The response comes from another server, which decides what browsers may do with it. */
    passedOn: boolean;
  }
}

/** Does not apply to hijacked replies. */
export function finishEveryAnswer(fastify: FastifyInstance): void {
  fastify.decorateReply('passedOn', false);
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    finishHeaders(reply);
    done();
  });
}

/** Adds the security headers that the handler has not set itself. */
export function finishHeaders(reply: FastifyReply): void {
  if (reply.passedOn) return;
  for (const [name, value] of Object.entries(securityHeaders)) if (!reply.hasHeader(name)) reply.header(name, value);
}
