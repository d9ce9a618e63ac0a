import { problemContentType, toProblem, type CodedError, type ErrorCode } from '@causeway/errors';
import { httpHeaders } from '@causeway/contracts';
import { DeadlineExceeded, isOverload } from '@causeway/resilience';
import type { FastifyReply } from 'fastify';

/** `Retry-After` of a 503 whose error has none, seconds. */
const defaultRetryAfterSeconds = 2;

/** RFC 6750, section 3. */
const challenges: Partial<Record<ErrorCode, string>> = {
  TOKEN_MISSING: 'Bearer',
  TOKEN_INVALID: 'Bearer error="invalid_token"',
  TOKEN_EXPIRED: 'Bearer error="invalid_token", error_description="expired"',
  SCOPE_MISSING: 'Bearer error="insufficient_scope"',
  // RFC 9470.
  SIGN_IN_TOO_OLD: 'Bearer error="insufficient_user_authentication", max_age="600"',
};

/** A retry was made already, or would not help; a caller's retry would only multiply the load (one retry per path). */
const retriedBelow: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'DEPENDENCY_UNAVAILABLE',
  'CIRCUIT_OPEN',
  'NO_ENDPOINT',
  // demo
  'PSP_UNSENT',
  'PSP_UNAVAILABLE',
  // end demo
]);

/**
 * Sends the problem document of an error. Anything but a CodedError becomes a generic 500. Overload is marked, so that
 * callers do not take it for a failure; so is a request that was late because this process was busy all the time.
 */
export function sendProblem(reply: FastifyReply, error: unknown, traceId: string | undefined): void {
  const problem = toProblem(error, traceId);
  const { retryAfterSeconds, retryable = false } = error as Partial<CodedError>;
  if (problem.status === 503) {
    reply.header('retry-after', String(retryAfterSeconds ?? defaultRetryAfterSeconds));
    if (!retryable || retriedBelow.has(problem.code)) reply.header(httpHeaders.noRetry, '1');
  } else if (retryAfterSeconds !== undefined && problem.status >= 400) {
    reply.header('retry-after', String(retryAfterSeconds));
  }
  if (isOverload(error) || (error instanceof DeadlineExceeded && reply.request.hostScope?.watch.saturated))
    reply.header(httpHeaders.overloaded, '1');
  const challenge = challenges[problem.code];
  if (challenge !== undefined) reply.header('www-authenticate', challenge);
  reply.code(problem.status).header('content-type', problemContentType).send(JSON.stringify(problem));
}
