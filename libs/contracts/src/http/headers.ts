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

/** Scopes of access tokens. */
export const scopes = {
  profile: 'profile:manage',
  // demo
  orders: 'orders:manage',
  payments: 'payments:read',
  catalogWrite: 'catalog:write',
  // end demo
} as const;
export type Scope = (typeof scopes)[keyof typeof scopes];

/** Scopes that people can get, and those that machines can. */
export const scopesOf: { readonly people: readonly Scope[]; readonly machines: readonly Scope[] } = {
  people: [
    scopes.profile,
    // demo
    scopes.orders,
    scopes.payments,
    // end demo
  ],
  machines: [
    // demo
    scopes.catalogWrite,
    // end demo
  ],
};
