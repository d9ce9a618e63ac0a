import { CodedError } from '@causeway/errors';

/** Too many sign-ins failed: for this account from this address, or from this address altogether. */
export class LoginThrottled extends CodedError {
  readonly code = 'RATE_LIMITED';
  readonly remedy = 'Wait for the number of seconds in Retry-After, then sign in again.';

  constructor(override readonly retryAfterSeconds: number) {
    super('too many failed sign-ins');
  }
}
