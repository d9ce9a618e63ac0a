import { CodedError } from '@causeway/errors';

/** Somebody registered this address before; compared without regard to case. */
export class EmailTaken extends CodedError {
  readonly code = 'EMAIL_TAKEN';
  readonly remedy = 'Sign in, or register with another e-mail address.';

  constructor() {
    super('the e-mail address is registered already');
  }
}

/** The password is in, or trivially made from, the lists that attackers try first. */
export class PasswordTooCommon extends CodedError {
  readonly code = 'PASSWORD_TOO_COMMON';
  readonly remedy = 'Choose a password that is not a common word with digits, a repetition or a row of the keyboard.';
  override readonly violations = [{ path: '/password', message: 'is too common' }];

  constructor() {
    super('the password is among those that are guessed first');
  }
}

/** As many passwords are being hashed, and as many wait, as this instance allows. */
export class LoginBusy extends CodedError {
  readonly code = 'LOGIN_BUSY';
  readonly remedy = 'Try again in a second.';
  override readonly retryable = true;
  override readonly retryAfterSeconds = 1;

  constructor(options?: ErrorOptions) {
    super('too many people sign in at the moment', options);
  }
}
