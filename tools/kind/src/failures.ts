import { UnexpectedResponse } from '@causeway/demo-client';

/** What a failure says about the system under test. */
export type Cause =
  /** Nobody answered, or a proxy did in the place of the service: what a careless restart does. */
  | 'dropped'
  /** An answer that it should not have given, or an order that went wrong. */
  | 'wrong'
  /** Refused for the number of requests: the load's own doing. */
  | 'limited'
  /** Sold out: the load's own doing, too. */
  | 'stock';

export interface Failure {
  /** Equal for failures of one kind: `POST /v1/orders: 503 NO_ENDPOINT`, `GET /v1/products: ECONNRESET`. */
  readonly kind: string;
  readonly cause: Cause;
  /** The answer or error as it came. */
  readonly detail: string;
}

/** An answer with another status than the one expected. @param what `POST /v1/orders` */
export function failedResponse(what: string, status: number, body: unknown): Failure {
  const code = (body as { code?: unknown } | null)?.code;
  const name = typeof code === 'string' ? ` ${code}` : '';
  const detail = (typeof body === 'string' ? body : JSON.stringify(body)) ?? '';
  return { kind: `${what}: ${status}${name}`, cause: causeOf(status, code), detail: detail.slice(0, 300) };
}

function causeOf(status: number, code: unknown): Cause {
  if (code === 'OUT_OF_STOCK') return 'stock';
  if (status === 429) return 'limited';
  return [502, 503, 504].includes(status) ? 'dropped' : 'wrong';
}

/** A request without an answer, or one that ended with an {@link UnexpectedResponse}. */
export function failedCall(what: string, error: unknown): Failure {
  if (error instanceof UnexpectedResponse) return failedResponse(withoutIds(error.call), error.status, error.body);
  const { name, message } = error as Error;
  const late = name === 'TimeoutError';
  const code = late ? 'no answer in time' : codeOf(error);
  const detail = message;
  if (code !== undefined) return { kind: `${what}: ${code}`, cause: 'dropped', detail };
  return { kind: `${what}: ${withoutIds(message)}`, cause: message === 'fetch failed' ? 'dropped' : 'wrong', detail };
}

/** `ECONNRESET`, from wherever `fetch` has put it: its cause, or for several addresses the first of their causes. */
function codeOf(error: unknown): string | undefined {
  const { code, cause, errors } = (error ?? {}) as { code?: unknown; cause?: unknown; errors?: readonly unknown[] };
  if (typeof code === 'string') return code;
  return cause === undefined && errors === undefined ? undefined : (codeOf(cause) ?? codeOf(errors?.[0]));
}

/** Paths and messages of the same kind differ in their ids only. */
const withoutIds = (text: string): string => text.replaceAll(/[\w-]*\d[\w-]{11,}|[\w-]{20,}/g, '{id}');
