import type { ErrorCode } from './codes.js';

/** One invalid field. `path` is a JSON pointer (RFC 6901) such as `/items/0/quantity`; empty for the whole document. */
export interface Violation {
  readonly path: string;
  readonly message: string;
}

/**
 * An expected error: it has a stable code, a remedy, and says whether a retry can help. Clients see the message, so it must
 * not contain a secret, SQL or a host name.
 */
export abstract class CodedError extends Error {
  abstract readonly code: ErrorCode;
  /** What the reader can do about it: one sentence. */
  abstract readonly remedy: string;
  /** True when the same operation may succeed later without a change of its input. Default false. */
  readonly retryable: boolean = false;
  /** Seconds a client should wait before trying again (`Retry-After`). */
  readonly retryAfterSeconds?: number;
  /** Every invalid field of the input. */
  readonly violations?: readonly Violation[];

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The request or message does not match its schema. `violations` lists every invalid field. */
export class ValidationFailed extends CodedError {
  readonly code = 'VALIDATION_FAILED';
  readonly remedy = 'Correct the listed fields and send the request again.';

  constructor(override readonly violations: readonly Violation[]) {
    super(violations.map(({ path, message }) => `${path || '(whole document)'}: ${message}`).join('; '));
  }
}

/** The resource does not exist, or belongs to another customer. */
export class NotFound extends CodedError {
  readonly code = 'NOT_FOUND';
  readonly remedy = 'Check the URL. Another customer’s resource is reported as missing, too.';

  /** @param what For example `order 0190…`. */
  constructor(what: string) {
    super(`${what} was not found`);
  }
}

/** Another service could not be reached, broke off, or sent an invalid response. `cause` says which. */
export class DependencyUnavailable extends CodedError {
  readonly code = 'DEPENDENCY_UNAVAILABLE';
  readonly remedy: string = 'Try again in a moment.';
  override readonly retryable = true;
  override readonly retryAfterSeconds: number = 1;
  /** True when it is certain that nothing received the request, so that sending it again is safe. */
  readonly unsent: boolean;

  /**
   * @param dependency      Name of the service: `user`.
   * @param options.message Default `<dependency> is not available`.
   * @param options.unsent  Default false.
   */
  constructor(
    readonly dependency: string,
    { message = `${dependency} is not available`, unsent = false, ...options }: DependencyFailure = {},
  ) {
    super(message, options);
    this.unsent = unsent;
  }
}

export interface DependencyFailure extends ErrorOptions {
  readonly message?: string;
  readonly unsent?: boolean;
}
