/** Our own header names, in lower case as Node.js reports them. */
export const httpHeaders = {
  /** Time left for the request, milliseconds; each hop subtracts the time it used. */
  deadline: 'causeway-deadline-ms',
  /** On a 503: the sender knows that an immediate retry is pointless. */
  noRetry: 'causeway-no-retry',
  /** On a response: the sender is overloaded, not broken. It trips no circuit breaker and ejects no instance. */
  overloaded: 'causeway-overloaded',
  idempotencyKey: 'idempotency-key',
  idempotencyReplayed: 'idempotency-replayed',
} as const;

/** Scopes of access tokens. People can get all of them except `catalog:write`. */
export const scopes = {
  profile: 'profile:manage',
  orders: 'orders:manage',
  payments: 'payments:read',
  catalogWrite: 'catalog:write',
} as const;
export type Scope = (typeof scopes)[keyof typeof scopes];
