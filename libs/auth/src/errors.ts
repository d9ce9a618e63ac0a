import { CodedError, DependencyUnavailable } from '@causeway/errors';

/** The request has no `Authorization: Bearer` header. */
export class TokenMissing extends CodedError {
  readonly code = 'TOKEN_MISSING';
  readonly remedy = 'Sign in and send the access token as "Authorization: Bearer …".';

  constructor() {
    super('the request has no access token');
  }
}

/** The exact reason stays in `cause`, for the log: it would help an attacker more than a client. */
export class TokenInvalid extends CodedError {
  readonly code = 'TOKEN_INVALID';
  readonly remedy = 'Sign in again and send the access token you get.';

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
    super(`the access token lacks the scope ${scope}`);
    this.remedy = `Request the scope ${scope} when you sign in.`;
  }
}

/** The issuer's keys cannot be fetched and none are cached, so no token can be verified. */
export class IdentityUnavailable extends DependencyUnavailable {
  override readonly remedy = 'Try again in a few seconds. Operators: check the user service.';
  override readonly retryAfterSeconds = 2;

  constructor(options?: ErrorOptions) {
    super('user', { message: 'the identity provider does not respond', ...options });
  }
}
