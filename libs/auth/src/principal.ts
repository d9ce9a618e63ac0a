import { ScopeMissing } from './errors.js';

/** The caller, as named by the access token. */
export interface Principal {
  /** User id of a person, or client id of a machine. */
  readonly subject: string;
  readonly clientId: string;
  readonly scopes: ReadonlySet<string>;
  readonly kind: 'person' | 'machine';
  /** `sid` of the token: the session of the user's browser it was issued in. Machines have none. */
  readonly sessionId?: string;
  /** When the token expires, seconds since 1970. An endless response must stop by then. */
  readonly expiresAt?: number;
}

/** Checks that the caller has all scopes. @throws ScopeMissing (403) for the first one that is missing. */
export function requireScopes(principal: Principal, ...scopes: readonly string[]): void {
  for (const scope of scopes) if (!principal.scopes.has(scope)) throw new ScopeMissing(scope);
}
