import { CodedError } from '@causeway/errors';

/** Too many attempts, for one account or from one address: to sign in, to register, to have a mail sent. */
export class LoginThrottled extends CodedError {
  readonly code = 'RATE_LIMITED';
  readonly remedy = 'Wait for the number of seconds in Retry-After, then try again.';

  constructor(override readonly retryAfterSeconds: number) {
    super('too many attempts');
  }
}
