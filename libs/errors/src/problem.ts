import { errorCodes, type ErrorCode } from './codes.js';
import { CodedError, type Violation } from './coded-error.js';

/** A problem document of RFC 9457 (`application/problem+json`) with our extensions `code`, `remedy`, `errors` and `traceId`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly remedy?: string;
  readonly errors?: readonly Violation[];
  readonly traceId?: string;
}

export const problemContentType = 'application/problem+json';

/** The `type` URI of a code: stable, and it tells where to read on. */
export const problemType = (code: ErrorCode): string =>
  `urn:causeway:problem:${code.toLowerCase().replaceAll('_', '-')}`;

/**
 * Turns any error into a problem document. A `CodedError` is shown as it is; of anything else nothing leaks but the trace id.
 * @param traceId W3C trace id (32 hex digits) under which the full story is logged.
 */
export function toProblem(error: unknown, traceId?: string): Problem {
  if (!(error instanceof CodedError)) {
    return {
      type: problemType('INTERNAL'),
      ...errorCodes.INTERNAL,
      detail: 'Something went wrong on our side. Quote the trace id when you report it.',
      code: 'INTERNAL',
      traceId,
    };
  }
  return {
    type: problemType(error.code),
    ...errorCodes[error.code],
    detail: error.message,
    code: error.code,
    remedy: error.remedy,
    ...(error.violations && { errors: error.violations }),
    traceId,
  };
}
