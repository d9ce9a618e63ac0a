import { httpHeaders } from '@causeway/contracts';
import type { CallWatch } from '@causeway/resilience';
import { errorType } from '@causeway/telemetry';

/** Errors after which nothing can have reached the other side. */
const unsent = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** Errors after which it may have. */
const brokenOff = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_CLOSED', 'UND_ERR_DESTROYED']);

/** What a response says about the instance that gave it. */
export type ResponseVerdict = 'healthy' | 'overloaded' | 'failed';

/**
 * Judges whether an instance did its job. An overloaded one says so; a 504 is its failure only if it had a fair time.
 * @param watch Begun with the call.
 */
export function judgeResponse(
  status: number,
  headers: Readonly<Record<string, unknown>>,
  watch: CallWatch,
): ResponseVerdict {
  if (headers[httpHeaders.overloaded] !== undefined) return 'overloaded';
  if (status === 504) return watch.latenessIsFailure ? 'failed' : 'healthy';
  return status >= 500 ? 'failed' : 'healthy';
}

/** Statuses of an instance that cannot do its job; a 500 may be the fault of that one request. */
export const isUnavailableStatus = (status: number): boolean => status >= 502 && status <= 504;

/**
 * Whether a request that got no response may be sent again.
 * @param error      What undici threw.
 * @param repeatable See {@link isRepeatable}. A request that was never sent may be sent again in any case.
 */
export function mayResend(error: unknown, repeatable: boolean): boolean {
  const code = errorType(error);
  return unsent.has(code) || (repeatable && brokenOff.has(code));
}

/**
 * Whether a request may arrive twice: idempotent by its method (RFC 9110, 9.2.2), or because the service keeps its
 * response under an `Idempotency-Key`. Not with `If-Match`: when the first one did arrive, the second gets 412 for a
 * change that was made.
 * @param headers Names in any case.
 */
export function isRepeatable(method: string, headers: Readonly<Record<string, unknown>> = {}): boolean {
  let repeatable = !['POST', 'PATCH'].includes(method.toUpperCase());
  for (const name in headers) {
    if (headers[name] === undefined) continue;
    const lower = name.toLowerCase();
    if (lower === 'if-match') return false;
    if (lower === httpHeaders.idempotencyKey) repeatable = true;
  }
  return repeatable;
}
