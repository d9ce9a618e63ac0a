/** Header names of our own, lower case as Node gives them. */
export const httpHeaders = {
  /** Remaining time of the request, milliseconds; each hop subtracts what it used. */
  deadline: 'causeway-deadline-ms',
  /** On a 503: do not try again, whoever answered knows that it is pointless. */
  noRetry: 'causeway-no-retry',
  /** On an answer: whoever gave it has too much work. Nothing is broken: it trips no breaker and takes no instance out. */
  overloaded: 'causeway-overloaded',
  idempotencyKey: 'idempotency-key',
  idempotencyReplayed: 'idempotency-replayed',
} as const;

/** Scopes of access tokens. People get all but `catalog:write`. */
export const scopes = {
  profile: 'profile:manage',
  orders: 'orders:manage',
  payments: 'payments:read',
  catalogWrite: 'catalog:write',
} as const;
export type Scope = (typeof scopes)[keyof typeof scopes];
