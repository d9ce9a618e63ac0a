import { ScopeMissing } from './errors.js';

/** Who is calling, as the access token says. */
export interface Principal {
  /** A person: the user id. A machine: its client id. */
  readonly subject: string;
  readonly clientId: string;
  readonly scopes: ReadonlySet<string>;
  readonly kind: 'person' | 'machine';
  /** When the token expires, seconds since 1970: an answer without an end must not outlive it. */
  readonly expiresAt?: number;
}

/** @throws ScopeMissing (403) for the first scope that is missing. */
export function requireScopes(principal: Principal, ...scopes: readonly string[]): void {
  for (const scope of scopes) if (!principal.scopes.has(scope)) throw new ScopeMissing(scope);
}
