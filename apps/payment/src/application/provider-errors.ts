import { CodedError } from '@causeway/errors';

/**
 * The provider did not get the request, or turned it away unread: refused connection, 401, 429, open circuit breaker.
 * The outcome is known: nothing was executed.
 */
export class PspUnsent extends CodedError {
  readonly code = 'PSP_UNSENT';
  readonly remedy = 'Nothing was executed. The operation is sent again once the provider accepts requests.';
  override readonly retryable = true;

  constructor(reason: string, options?: ErrorOptions) {
    super(`the payment provider was not reached: ${reason}`, options);
  }
}

/**
 * The request was sent, but no usable answer arrived: timeout, dropped connection, 5xx, or the same key still in
 * progress. The provider may or may not have executed it.
 */
export class PspUnclear extends CodedError {
  readonly code = 'PSP_UNAVAILABLE';
  readonly remedy = 'Repeat with the same key, or read the charge by its reference; never assume an outcome.';
  override readonly retryable = true;

  constructor(reason: string, options?: ErrorOptions) {
    super(`the payment provider gave no clear answer: ${reason}`, options);
  }
}

/** The provider understood the request and refused to execute it. */
export class PspRefused extends CodedError {
  readonly code = 'PSP_REFUSED';
  readonly remedy = 'Read the charge at the provider: its status explains the refusal.';

  /** @param reason The provider's own code, for example `invalid_state`. */
  constructor(
    readonly reason: string,
    detail: string,
  ) {
    super(`the payment provider refused the request: ${reason} (${detail})`);
  }
}
