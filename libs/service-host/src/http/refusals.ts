import { CodedError, type ErrorCode } from '@causeway/errors';

/** A request that the host refuses before the service's own code sees it. */
export class RequestRefused extends CodedError {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly remedy: string,
    override readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }
}

export const malformedBody = (message: string): RequestRefused =>
  new RequestRefused('MALFORMED_REQUEST', message, 'Send one JSON document in UTF-8.');

const byStatus: Readonly<Record<number, readonly [ErrorCode, message: string, remedy: string]>> = {
  400: ['MALFORMED_REQUEST', 'The request could not be read.', 'Check the URL, the headers and the body.'],
  401: [
    'TOKEN_MISSING',
    'The request has no valid access token.',
    'Send a valid access token as Authorization: Bearer.',
  ],
  403: ['SCOPE_MISSING', 'The request is not allowed.', 'Request the scope that the operation needs.'],
  404: ['NOT_FOUND', 'There is nothing at this URL.', 'Check the URL against the API documentation.'],
  405: ['METHOD_NOT_ALLOWED', 'This URL does not support the method.', 'Use one of the methods listed in Allow.'],
  408: ['REQUEST_TIMEOUT', 'The request did not arrive in time.', 'Send it again without pauses.'],
  413: ['BODY_TOO_LARGE', 'The body is too large.', 'Send a smaller body.'],
  414: ['URI_TOO_LONG', 'The URL, or one segment of its path, is too long.', 'Send a shorter URL.'],
  415: ['UNSUPPORTED_MEDIA_TYPE', 'The content type is not supported.', 'Send application/json.'],
  417: [
    'EXPECTATION_FAILED',
    'The Expect header asks for something that is not supported.',
    'Send Expect: 100-continue, or leave the header out.',
  ],
  422: ['VALIDATION_FAILED', 'The request is not valid.', 'Check it against the API documentation.'],
  429: ['RATE_LIMITED', 'Too many requests from this address.', 'Wait for the number of seconds in Retry-After.'],
  431: ['HEADERS_TOO_LARGE', 'The headers of the request are too large.', 'Send fewer or shorter headers.'],
  501: ['METHOD_NOT_IMPLEMENTED', 'No route supports this method.', 'Use a method that the API documents.'],
  503: ['DEPENDENCY_UNAVAILABLE', 'A required service is unavailable.', 'Try again shortly.'],
  504: ['DEADLINE_EXCEEDED', 'The request took too long.', 'Try again shortly.'],
};

/**
 * Chooses by status alone what an error of the framework (Nest's HttpException, Fastify's errors, plugins) says to a client.
 * Its message stays in the log, because it may quote the request.
 */
export function refusalOf(status: number): RequestRefused | undefined {
  const known = byStatus[status] ?? (status >= 400 && status < 500 ? byStatus[400] : undefined);
  return known && new RequestRefused(...known);
}
