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

/** Scopes of access tokens. `…:manage` and `…:read` reach what is the caller’s own, `…-any` what is anybody’s. */
export const scopes = {
  profile: 'profile:manage',
  usersReadAny: 'users:read-any',
  // demo
  orders: 'orders:manage',
  ordersReadAny: 'orders:read-any',
  payments: 'payments:read',
  paymentsReadAny: 'payments:read-any',
  paymentsRefund: 'payments:refund',
  catalogWrite: 'catalog:write',
  // end demo
} as const;
export type Scope = (typeof scopes)[keyof typeof scopes];

/** Roles of people: who registers is a customer, the others are granted (docs/guides/identity.md). */
export const roles = ['customer', 'support', 'operator'] as const;
export type Role = (typeof roles)[number];

/**
 * Scopes that a person of each role can get, and those that machines can. Nobody gets both scopes of one route: who acts
 * for the staff is never the owner, as the one who refunds must not be the one who is paid. Operators see no personal
 * data of others.
 */
export const scopesOf: Readonly<Record<Role | 'machines', readonly Scope[]>> = {
  customer: [
    scopes.profile,
    // demo
    scopes.orders,
    scopes.payments,
    // end demo
  ],
  support: [
    scopes.profile,
    scopes.usersReadAny,
    // demo
    scopes.ordersReadAny,
    scopes.paymentsReadAny,
    scopes.paymentsRefund,
    // end demo
  ],
  operator: [
    scopes.profile,
    // demo
    scopes.catalogWrite,
    // end demo
  ],
  machines: [
    // demo
    scopes.catalogWrite,
    // end demo
  ],
};

/** Scopes that people of any role can get. */
export const peopleScopes: readonly Scope[] = [...new Set(roles.flatMap((role) => scopesOf[role]))];
