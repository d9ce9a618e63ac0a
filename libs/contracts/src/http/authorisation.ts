import type { Role } from './headers.js';

/** Whose resources a caller reaches: their own, or anybody’s. */
type Extent = 'own' | 'any';

/**
 * Who may call an operation, and for whose resources. Who is not named is refused: 401 without a token, 403 with one.
 * Somebody else’s resource is a 404 for whoever reaches only their own.
 */
export type Permission =
  /** Needs no token, and ignores one. */
  | 'everybody'
  // demo
  /** Signed by the payment provider. */
  | 'payment provider'
  // end demo
  | Readonly<Partial<Record<Role | 'machine', Extent>>>;

/** Whatever their role, for what is theirs. */
const everyPerson = { customer: 'own', support: 'own', operator: 'own' } as const;
// demo
const customersAndSupport = { customer: 'own', support: 'any' } as const;
// end demo

/**
 * Who may do what: a row for each operation of `routes.ts`. Written by hand, so that a scope on the wrong route shows:
 * `authorisation.spec.ts` compares it with the scopes, `tools/e2e/test/authorisation.e2e.spec.ts` with what a running
 * system answers to everybody. docs/reference/authorisation.md is generated from it.
 */
export const authorisation: Readonly<Record<string, Permission>> = {
  registerUser: 'everybody',
  getMe: everyPerson,
  getUser: { support: 'any' },
  changeMe: everyPerson,
  changePassword: everyPerson,
  confirmEmail: everyPerson,
  eraseMe: everyPerson,
  listAddresses: everyPerson,
  addAddress: everyPerson,
  getAddress: everyPerson,
  changeAddress: everyPerson,
  removeAddress: everyPerson,
  listSessions: everyPerson,
  endSession: everyPerson,
  // demo
  listProducts: 'everybody',
  getProduct: 'everybody',
  setStock: { operator: 'any', machine: 'any' },
  placeOrder: { customer: 'own' },
  listOrders: customersAndSupport,
  getOrder: customersAndSupport,
  getOrderHistory: customersAndSupport,
  cancelOrder: customersAndSupport,
  getOrderOverview: customersAndSupport,
  followOrder: customersAndSupport,
  getPayment: customersAndSupport,
  receivePspWebhook: 'payment provider',
  // end demo
};

/** An address that is no operation of `routes.ts`. */
export interface EndpointAccess {
  /** On the gateway; on the management port of each service. */
  readonly path: string;
  readonly who: string;
  /** Default GET. */
  readonly method?: 'POST' | 'PUT';
  /** Setting with the bearer token that it needs; without one it is open to whoever reaches the port. */
  readonly token?: 'MANAGEMENT_TOKEN' | 'OPERATOR_TOKEN';
}

/** Pages, and the OpenID provider below the path of the issuer. */
export const gatewayEndpoints: readonly EndpointAccess[] = [
  { path: '/docs', who: 'everybody' },
  { path: '/openapi.json', who: 'everybody' },
  { path: '/asyncapi.json', who: 'everybody' },
  { path: '/callback', who: 'everybody; it shows what the sign-in returned to this browser' },
  { path: '/oidc/.well-known/openid-configuration', who: 'everybody' },
  { path: '/oidc/jwks', who: 'everybody' },
  { path: '/oidc/auth', who: 'everybody, for a registered client and redirect URI' },
  { path: '/oidc/interaction/{uid}', who: 'the browser that holds the cookie of this interaction' },
  { path: '/oidc/password/forgotten', who: 'everybody; who has an account is not told' },
  { path: '/oidc/password/new', who: 'whoever holds the link from the mail, once' },
  { path: '/oidc/email/confirm', who: 'whoever holds the link from the mail, once' },
  { path: '/oidc/passkeys', who: 'the browser of a session in which somebody has signed in within ten minutes' },
  { path: '/oidc/passkey-button.js', who: 'everybody, where there are passkeys' },
  { path: '/oidc/token', who: 'the client that holds the code and its verifier, the refresh token, or the secret' },
  { path: '/oidc/token/introspection', who: 'a client with a secret' },
  { path: '/oidc/token/revocation', who: 'the client that the token belongs to' },
  { path: '/oidc/session/end', who: 'the browser that holds the cookie of the session' },
];

/** Of every service, on a port that is not published. */
export const managementEndpoints: readonly EndpointAccess[] = [
  { path: '/health/live', who: 'whoever reaches the port' },
  { path: '/health/ready', who: 'whoever reaches the port' },
  { path: '/metrics', who: 'whoever reaches the port' },
  { path: '/governance', who: 'readers and operators', token: 'MANAGEMENT_TOKEN' },
  { path: '/governance/log-level', method: 'PUT', who: 'operators', token: 'OPERATOR_TOKEN' },
  { path: '/governance/keys', who: 'readers and operators; of user', token: 'MANAGEMENT_TOKEN' },
  { path: '/governance/keys/rotate', method: 'POST', who: 'operators; of user', token: 'OPERATOR_TOKEN' },
  { path: '/governance/keys/retire', method: 'POST', who: 'operators; of user', token: 'OPERATOR_TOKEN' },
  { path: '/governance/roles', who: 'readers and operators; of user', token: 'MANAGEMENT_TOKEN' },
  { path: '/governance/roles/grant', method: 'POST', who: 'operators; of user', token: 'OPERATOR_TOKEN' },
  { path: '/governance/roles/revoke', method: 'POST', who: 'operators; of user', token: 'OPERATOR_TOKEN' },
  { path: '/governance/field-keys', who: 'readers and operators', token: 'MANAGEMENT_TOKEN' },
  { path: '/governance/field-keys/rotate', method: 'POST', who: 'operators', token: 'OPERATOR_TOKEN' },
];
