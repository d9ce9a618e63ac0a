import { CodedError } from '@causeway/errors';

/** The request did not reach the provider, or was turned away unread (refused connection, 429, open breaker): nothing has happened there. */
export class PspUnsent extends CodedError {
  readonly code = 'PSP_UNAVAILABLE';
  readonly remedy = 'Nothing was executed. The operation is repeated by itself once the provider answers again.';
  override readonly retryable = true;

  constructor(what: string, options?: ErrorOptions) {
    super(`the payment provider was not reached: ${what}`, options);
  }
}

/** The request was sent and has no usable answer (timeout, dropped connection, 5xx, in flight): it may or may not have been executed. */
export class PspUnclear extends CodedError {
  readonly code = 'PSP_UNAVAILABLE';
  readonly remedy = 'Repeat with the same key, or read the charge by its reference; never assume either outcome.';
  override readonly retryable = true;

  constructor(what: string, options?: ErrorOptions) {
    super(`the payment provider gave no clear answer: ${what}`, options);
  }
}

/** The provider understood the request and will not execute it. */
export class PspRefused extends CodedError {
  readonly code = 'PSP_REFUSED';
  readonly remedy = 'Read the charge at the provider; its state says why.';

  /** @param reason The provider's own code, such as `invalid_state`. */
  constructor(
    readonly reason: string,
    detail: string,
  ) {
    super(`the payment provider refused: ${reason} (${detail})`);
  }
}
