import { CodedError, errorCodes } from '@causeway/errors';
import { decodeForm } from '@causeway/service-host';
import { getLogger } from '@causeway/telemetry';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errors } from 'oidc-provider';
import { messagePage, pageHeaders } from './pages.js';

const log = getLogger('oidc');
const formBytes = 4_096;

/** Mounts pages for people: with forms instead of JSON, errors that are pages, and no forms from other sites. */
export function mountPages(fastify: FastifyInstance, issuer: URL, add: (scope: FastifyInstance) => void): void {
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
    add(scope);
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
