import { UnexpectedResponse } from '@causeway/demo-client';

/** Whose failure it is. */
export type Cause =
  /** No response, or one of a proxy instead of the service: the effect of a careless restart. */
  | 'dropped'
  /** A wrong response, or an order that went wrong. */
  | 'wrong'
  /** Rate limited: the load's own doing. */
  | 'limited'
  /** Sold out: the load's own doing, too. */
  | 'stock';

export interface Failure {
  /** Equal for failures of one kind: `POST /v1/orders: 503 NO_ENDPOINT`, `GET /v1/products: ECONNRESET`. */
  readonly kind: string;
  readonly cause: Cause;
  /** The response or error itself. */
  readonly detail: string;
}

/** A response with an unexpected status. @param what `POST /v1/orders` */
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

/** A request without a response, or one that ended with an {@link UnexpectedResponse}. */
export function failedCall(what: string, error: unknown): Failure {
  if (error instanceof UnexpectedResponse) return failedResponse(withoutIds(error.call), error.status, error.body);
  const { name, message } = error as Error;
  const late = name === 'TimeoutError';
  const code = late ? 'no response in time' : codeOf(error);
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
