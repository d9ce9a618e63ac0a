import { CodedError, toProblem, type Violation } from '@causeway/errors';
import { currentTraceId } from '@causeway/telemetry';
import { RemoteError } from '../errors.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export const encodeJson = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value ?? null));
export const decodeJson = (payload: Uint8Array): unknown => JSON.parse(decoder.decode(payload));

/** An error on the wire. As over HTTP, an error without a code becomes INTERNAL and shows only the trace id. */
interface WireError {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
  readonly retryable?: boolean;
  readonly retryAfterSeconds?: number;
  readonly violations?: readonly Violation[];
}

export function encodeError(error: unknown): { code: string; payload: Uint8Array } {
  const problem = toProblem(error, currentTraceId());
  const coded = error instanceof CodedError ? error : undefined;
  const wire: WireError = {
    code: problem.code,
    message: problem.detail,
    ...(problem.remedy !== undefined && { remedy: problem.remedy }),
    retryable: coded?.retryable ?? false,
    ...(coded?.retryAfterSeconds !== undefined && { retryAfterSeconds: coded.retryAfterSeconds }),
    ...(coded?.violations && { violations: coded.violations }),
  };
  return { code: problem.code, payload: encodeJson(wire) };
}

/** @param code From the error header. It is enough where the payload cannot be read. */
export function decodeError(service: string, code: string, payload: Uint8Array): RemoteError {
  try {
    return new RemoteError(service, { ...(decodeJson(payload) as WireError), code });
  } catch {
    return new RemoteError(service, { code, message: `${service} replied ${code}` });
  }
}
