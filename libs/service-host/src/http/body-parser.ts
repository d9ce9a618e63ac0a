import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { malformedBody, RequestRefused } from './refusals.js';

/**
 * Accepts JSON, the only content type of the API. The bytes stay in `request.rawBody`, over which webhook signatures are
 * computed. A service that needs another type adds it in `configureHttp`, with `decodeBody`.
 */
export function acceptJsonOnly(fastify: FastifyInstance): void {
  // 'error': a body with `__proto__` or `constructor.prototype` is refused, as Fastify itself would.
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  for (const type of ['application/json', /^application\/[\w.-]+\+json(;|$)/]) {
    fastify.addContentTypeParser(type, { parseAs: 'buffer' }, (request, body: Buffer, done) => {
      request.rawBody = body;
      const text = decodeBody(request.headers, body);
      if (text === '') return done(null, undefined);
      void parse(request, text, (error, value) => {
        // V8's message quotes the body, which may hold a password, so it is not passed on.
        if (error) done(malformedBody('The body is not valid JSON.'));
        else done(null, value);
      });
    });
  }
}

/** Every `charset` of a content type, because some readers take the first and some the last: all must agree. */
const charset = /;\s*charset\s*=\s*("[^"]*"|[^\s;]*)/gi;

/**
 * Decodes a body. UTF-8 is the only encoding; decoding anything else as UTF-8 would store characters that were never sent.
 * @param headers Of the request. A `charset` may be `utf-8` or its alias `utf8`, in any case, quoted or not.
 * @throws RequestRefused 415 for another charset and for a compressed body, 400 for bytes that are not UTF-8.
 */
export function decodeBody(headers: IncomingHttpHeaders, body: Buffer): string {
  const { 'content-type': type = '', 'content-encoding': coding = 'identity' } = headers;
  for (const [, value = ''] of type.matchAll(charset))
    if (!/^(?:utf-?8|"utf-?8")$/i.test(value))
      throw new RequestRefused('UNSUPPORTED_MEDIA_TYPE', 'The charset is not UTF-8.', 'Send the body in UTF-8.');
  if (coding.toLowerCase() !== 'identity')
    throw new RequestRefused('UNSUPPORTED_MEDIA_TYPE', 'The body is compressed.', 'Send it without Content-Encoding.');
  if (!isUtf8(body)) throw malformedBody('The body is not valid UTF-8.');
  return body.toString('utf8');
}

/**
 * Reads the fields of a form, `application/x-www-form-urlencoded`.
 * @throws RequestRefused as `decodeBody`, and 400 for percent-encoded bytes that are not UTF-8, which URLSearchParams would replace.
 */
export function decodeForm(headers: IncomingHttpHeaders, body: Buffer): URLSearchParams {
  const text = decodeBody(headers, body);
  if (!isPercentEncodedUtf8(text))
    throw new RequestRefused(
      'MALFORMED_REQUEST',
      'The form is not percent-encoded UTF-8.',
      'Encode its fields as UTF-8.',
    );
  return new URLSearchParams(text);
}

/** Also true for text without any percent-encoding. */
export function isPercentEncodedUtf8(text: string): boolean {
  if (!text.includes('%')) return true;
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
