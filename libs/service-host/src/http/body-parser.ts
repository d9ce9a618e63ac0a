import type { FastifyInstance } from 'fastify';
import { malformedBody } from './refusals.js';

/**
 * The only content type of the API is JSON. Its bytes stay in `request.rawBody`, which signatures of webhooks are computed over.
 * An app that needs another type adds it in `configureHttp`.
 */
export function acceptJsonOnly(fastify: FastifyInstance): void {
  // 'error': a body with `__proto__` or `constructor.prototype` is refused, as Fastify itself would.
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  for (const type of ['application/json', /^application\/[\w.-]+\+json(;|$)/]) {
    fastify.addContentTypeParser(type, { parseAs: 'buffer' }, (request, body: Buffer, done) => {
      request.rawBody = body;
      if (body.length === 0) return done(null, undefined);
      void parse(request, body.toString('utf8'), (error, value) => {
        // V8's message quotes the body, which may hold a password: it is not passed on.
        if (error) done(malformedBody('The body is not valid JSON.'));
        else done(null, value);
      });
    });
  }
}
