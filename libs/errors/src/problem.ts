import { errorCodes, type ErrorCode } from './codes.js';
import { CodedError, type Violation } from './coded-error.js';

/** An RFC 9457 problem document (`application/problem+json`) with our members `code`, `remedy`, `errors`, `traceId`. */
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

/** Returns the `type` URI of a code. */
export const problemType = (code: ErrorCode): string =>
  `urn:causeway:problem:${code.toLowerCase().replaceAll('_', '-')}`;

/**
 * Turns any error into a problem document. A `CodedError` is shown as it is; any other error reveals only the trace id.
 * @param traceId W3C trace id (32 hex digits) under which the error is logged in full.
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
