import { CodedError } from '@causeway/errors';

/** An account with this e-mail address exists. Case does not matter. */
export class EmailTaken extends CodedError {
  readonly code = 'EMAIL_TAKEN';
  readonly remedy = 'Sign in, or register with another e-mail address.';

  constructor() {
    super('this e-mail address is already registered');
  }
}

/** The password is on the lists that attackers try first, or a simple variation of an entry. */
export class PasswordTooCommon extends CodedError {
  readonly code = 'PASSWORD_TOO_COMMON';
  readonly remedy = 'Choose a password that is not a common word with digits, a repetition or a keyboard row.';
  override readonly violations = [{ path: '/password', message: 'is too common' }];

  constructor() {
    super('this password is too easy to guess');
  }
}

/** This instance is hashing as many passwords as it may, and its queue is full. */
export class LoginBusy extends CodedError {
  readonly code = 'LOGIN_BUSY';
  readonly remedy = 'Wait for the number of seconds in Retry-After, then try again.';
  override readonly retryable = true;
  override readonly retryAfterSeconds = 1;

  constructor(options?: ErrorOptions) {
    super('too many people are signing in right now', options);
  }
}
