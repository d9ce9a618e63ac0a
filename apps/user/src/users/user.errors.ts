import { CodedError } from '@causeway/errors';

/** An account with this e-mail address exists. Case does not matter. */
export class EmailTaken extends CodedError {
  readonly code = 'EMAIL_TAKEN';
  readonly remedy = 'Sign in, or register with another e-mail address.';

  constructor() {
    super('this e-mail address is already registered');
  }
}

/** Whoever changes a password has to know it: a token alone is not enough. */
export class PasswordIncorrect extends CodedError {
  readonly code = 'PASSWORD_INCORRECT';
  readonly remedy = 'Send the password you sign in with, or reset it with “Forgot your password?” on the sign-in page.';
  override readonly violations = [{ path: '/currentPassword', message: 'is incorrect' }];

  constructor() {
    super('the current password is incorrect');
  }
}

/** The password is on the lists that attackers try first, or a simple variation of an entry. */
export class PasswordTooCommon extends CodedError {
  readonly code = 'PASSWORD_TOO_COMMON';
  readonly remedy = 'Choose a password that is not a common word with digits, a repetition or a keyboard row.';
  override readonly violations;

  /** @param path Of the field, as a JSON pointer. */
  constructor(path = '/password') {
    super('this password is too easy to guess');
    this.violations = [{ path, message: 'is too common' }];
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

/** How old a sign-in may be for what cannot be undone, seconds. */
export const signInMaxAgeSeconds = 600;

/** The sign-in behind the token is too old for what it asks (RFC 9470). */
export class SignInTooOld extends CodedError {
  readonly code = 'SIGN_IN_TOO_OLD';
  readonly remedy = `Sign in again (prompt=login) and repeat the request with the new token within ${signInMaxAgeSeconds / 60} minutes.`;

  constructor() {
    super('this cannot be undone, and the sign-in is too old for it');
  }
}
