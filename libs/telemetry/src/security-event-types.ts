export interface SecurityEventKind {
  /** What happened, for the documentation. */
  readonly means: string;
  /** Name in OWASP's Logging Vocabulary Cheat Sheet, where it has one. */
  readonly owasp?: string;
  /** Anybody on the Internet can cause it as often as he likes, so it is bounded: see `admitSecurityEvent`. */
  readonly byStrangers?: true;
}

/**
 * Every security event that exists. The names of OWASP's vocabulary are for a SIEM that knows them
 * (https://cheatsheetseries.owasp.org/cheatsheets/Logging_Vocabulary_Cheat_Sheet.html).
 */
export const securityEventTypes = {
  'user.registered': { means: 'an account was created', owasp: 'user_created' },
  'sign-in.succeeded': { means: 'a person has signed in', owasp: 'authn_login_success' },
  'sign-in.failed': { means: 'wrong e-mail address or password', owasp: 'authn_login_fail', byStrangers: true },
  'sign-in.throttled': {
    means: 'sign-ins are refused for a while after too many failures',
    owasp: 'authn_login_fail_max',
    byStrangers: true,
  },
  'password.changed': { means: 'a person has changed the password', owasp: 'authn_password_change' },
  'password.reset-requested': { means: 'somebody asked for a link to reset the password', byStrangers: true },
  'password.reset': { means: 'the password was set with such a link', owasp: 'authn_password_change' },
  'passkey.added': { means: 'a person can sign in with one more passkey', owasp: 'user_updated' },
  'passkey.removed': { means: 'a passkey no longer signs in to the account', owasp: 'user_updated' },
  'email.verified': { means: 'a person has proved to own the e-mail address', owasp: 'user_updated' },
  'session.ended': { means: 'a session and its tokens were ended before their time', owasp: 'authn_token_revoked' },
  'role.granted': { means: 'an account was given a role', owasp: 'privilege_permissions_changed' },
  'role.revoked': { means: 'an account lost a role', owasp: 'privilege_permissions_changed' },
  'profile.read': { means: 'support has read the profile of somebody', owasp: 'sensitive_read' },
  'access.denied': {
    means: 'a valid token asked for more than it may, or for what is another’s; no row',
    owasp: 'authz_fail',
    byStrangers: true,
  },
  'token.reuse-detected': {
    means: 'a code or refresh token came twice; everything issued with it was revoked',
    owasp: 'authn_token_reuse',
  },
  'key.rotated': { means: 'tokens are signed with a new key, or soon will be' },
  'key.retired': { means: 'a signing key was withdrawn' },
  'field-keys.rotated': { means: 'stored data was encrypted again with the current key' },
  'account.erased': { means: 'the personal data of an account was erased', owasp: 'user_deleted' },
  // demo
  'refund.requested': { means: 'money was sent back by hand', owasp: 'authz_admin' },
  'webhook.refused': { means: 'a webhook without a valid signature', byStrangers: true },
  // end demo
} as const satisfies Readonly<Record<string, SecurityEventKind>>;

export type SecurityEventType = keyof typeof securityEventTypes;

/** Something that whoever watches over the system's security wants to know: ids only, no personal data, no secrets. */
export interface SecurityEvent {
  readonly type: SecurityEventType;
  /** `failure`: tried in vain. `denied`: known who it was, and refused. */
  readonly outcome: 'success' | 'failure' | 'denied';
  /** Who did it: a user id, a client id, an operator. Undefined: nobody knows. */
  readonly actor?: string;
  /** What it was done to, if not to the actor: a user id, the id of a key, an order. */
  readonly subject?: string;
  /** OAuth client through which it was done. */
  readonly clientId?: string;
  /** IP address of the caller, in any notation. Only its network is kept: see `networkOf`. */
  readonly address?: string;
  /** More of it, such as `{ role: 'support' }`. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}
