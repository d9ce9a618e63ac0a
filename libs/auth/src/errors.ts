import { CodedError } from '@causeway/errors';

export class TokenMissing extends CodedError {
  readonly code = 'TOKEN_MISSING';
  readonly remedy = 'Sign in and send the access token as "Authorization: Bearer …".';

  constructor() {
    super('the request has no access token');
  }
}

/** Why exactly stays in `cause`, for the log: it would help a forger more than a client. */
export class TokenInvalid extends CodedError {
  readonly code = 'TOKEN_INVALID';
  readonly remedy = 'Sign in again; the token must be an access token of this system.';

  constructor(options?: ErrorOptions) {
    super('the access token is not valid', options);
  }
}

export class TokenExpired extends CodedError {
  readonly code = 'TOKEN_EXPIRED';
  readonly remedy = 'Get a new access token with the refresh token, or sign in again.';

  constructor() {
    super('the access token has expired');
  }
}

export class ScopeMissing extends CodedError {
  readonly code = 'SCOPE_MISSING';
  readonly remedy: string;

  constructor(readonly scope: string) {
    super(`the operation needs the scope ${scope}`);
    this.remedy = `Ask for the scope ${scope} when you sign in.`;
  }
}

/** The keys of the issuer cannot be read, and none are known yet: nobody can be told apart from a forger. */
export class IdentityUnavailable extends CodedError {
  readonly code = 'DEPENDENCY_UNAVAILABLE';
  readonly remedy = 'Try again in a few seconds; if it lasts, look at the user service.';
  override readonly retryable = true;
  override readonly retryAfterSeconds = 2;

  constructor(options?: ErrorOptions) {
    super('the identity provider does not answer', options);
  }
}
