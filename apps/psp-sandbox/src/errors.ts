export type SandboxErrorType =
  'invalid_request' | 'authentication' | 'idempotency' | 'rate_limit' | 'not_found' | 'unavailable' | 'api_error';

/** The response body of an error. Not a problem document of ours: a payment provider has its own shape. */
export interface ErrorBody {
  readonly error: { readonly type: SandboxErrorType; readonly code: string; readonly message: string };
}

/** An error that the API returns. */
export class SandboxError extends Error {
  constructor(
    readonly status: number,
    readonly type: SandboxErrorType,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'SandboxError';
  }

  toBody(): ErrorBody {
    return { error: { type: this.type, code: this.code, message: this.message } };
  }
}

export const invalidState = (code: string, message: string): SandboxError =>
  new SandboxError(400, 'invalid_request', code, message);
