import { admitSecurityEvent, logSecurityEvent, type SecurityEvent } from '@causeway/telemetry';
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

/** Checks that the caller has one of the scopes. @throws ScopeMissing (403) for the first of them. */
export function requireOneScope(principal: Principal, ...scopes: readonly string[]): void {
  if (!scopes.some((scope) => principal.scopes.has(scope))) throw denied(principal, scopes[0] ?? 'none');
}

/** Whose resources a request reaches: the caller’s own, or everybody’s. */
export interface Reach {
  /** User id of a person, or client id of a machine. */
  readonly callerId: string;
  readonly everybody: boolean;
}

/** @param staffScope Scope whose holder reaches the resources of everybody. */
export const reachOf = ({ subject, scopes }: Principal, staffScope: string): Reach => ({
  callerId: subject,
  everybody: scopes.has(staffScope),
});

/**
 * Whether a request reaches what this person owns; if not, it is on record. Each kind of resource has one function that
 * asks this, and throws NotFound otherwise: even the existence of another person’s resource is private.
 */
export function reaches({ callerId, everybody }: Reach, ownerId: string): boolean {
  if (everybody || ownerId === callerId) return true;
  record({ actor: callerId, subject: ownerId });
  return false;
}

/** Checks that the caller has all scopes. @throws ScopeMissing (403) for the first one that is missing. */
export function requireScopes(principal: Principal, ...scopes: readonly string[]): void {
  for (const scope of scopes) if (!principal.scopes.has(scope)) throw denied(principal, scope);
}

function denied({ subject, clientId }: Principal, scope: string): ScopeMissing {
  record({ actor: subject, clientId, details: { scope } });
  return new ScopeMissing(scope);
}

/** A refusal is a security event: a line and a measurement, and no row (docs/decisions/0055). */
function record(refused: Omit<SecurityEvent, 'type' | 'outcome'>): void {
  const event = admitSecurityEvent({ type: 'access.denied', outcome: 'denied', ...refused });
  if (event) logSecurityEvent(event);
}
