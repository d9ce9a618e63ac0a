/**
 * What one error code means to a client: the HTTP status it maps to and the short, stable title of its problem
 * document.
 */
export interface ErrorDefinition {
  readonly status: number;
  readonly title: string;
}

/**
 * The one table of every error code of the system. A code is part of the public contract: it is never renamed and never
 * reused. `docs/errors.md` explains each of them; a gate in `tools/checks` fails when the two differ.
 */
export const errorCodes = {
  // Requests
  MALFORMED_REQUEST: { status: 400, title: 'The request could not be parsed' },
  VALIDATION_FAILED: { status: 422, title: 'The request is not valid' },
  NOT_FOUND: { status: 404, title: 'Not found' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'Method not allowed' },
  REQUEST_TIMEOUT: { status: 408, title: 'The request did not arrive in time' },
  BODY_TOO_LARGE: { status: 413, title: 'The request body is too large' },
  URI_TOO_LONG: { status: 414, title: 'The URL is too long' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'Unsupported media type' },
  EXPECTATION_FAILED: { status: 417, title: 'The expectation cannot be met' },
  RATE_LIMITED: { status: 429, title: 'Too many requests' },
  HEADERS_TOO_LARGE: { status: 431, title: 'The headers are too large' },
  METHOD_NOT_IMPLEMENTED: { status: 501, title: 'Method not implemented' },
  CURSOR_INVALID: { status: 400, title: 'The page cursor is not valid' },
  IF_MATCH_REQUIRED: { status: 428, title: 'If-Match is required' },
  VERSION_STALE: { status: 412, title: 'The resource has changed' },
  IDEMPOTENCY_KEY_REQUIRED: { status: 400, title: 'Idempotency-Key is required' },
  IDEMPOTENCY_KEY_INVALID: { status: 400, title: 'Idempotency-Key is not valid' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'Idempotency-Key was used with another request' },
  IDEMPOTENCY_KEY_IN_FLIGHT: { status: 409, title: 'A request with this Idempotency-Key is being processed' },

  // Identity
  TOKEN_MISSING: { status: 401, title: 'An access token is required' },
  TOKEN_INVALID: { status: 401, title: 'The access token is not valid' },
  TOKEN_EXPIRED: { status: 401, title: 'The access token has expired' },
  SCOPE_MISSING: { status: 403, title: 'The access token lacks a required scope' },
  SIGN_IN_TOO_OLD: { status: 401, title: 'A more recent sign-in is required' },
  EMAIL_TAKEN: { status: 409, title: 'The e-mail address is already registered' },
  PASSWORD_INCORRECT: { status: 422, title: 'The current password is incorrect' },
  PASSWORD_TOO_COMMON: { status: 422, title: 'The password is too common' },
  ADDRESS_LIMIT_REACHED: { status: 409, title: 'The address book is full' },
  KEY_ROTATION_PENDING: { status: 409, title: 'A key rotation is in progress' },
  SIGNING_KEY_UNKNOWN: { status: 404, title: 'Unknown signing key' },
  LOGIN_BUSY: { status: 503, title: 'Too many sign-ins right now' },

  // demo
  // Orders
  PRODUCT_UNKNOWN: { status: 422, title: 'Unknown product' },
  OUT_OF_STOCK: { status: 409, title: 'Not enough stock' },
  CURRENCY_MIXED: { status: 422, title: 'The products have different currencies' },
  ADDRESS_UNKNOWN: { status: 422, title: 'Unknown shipping address' },
  ORDER_NOT_CANCELLABLE: { status: 409, title: 'The order can no longer be cancelled' },
  ORDER_TRANSITION_ILLEGAL: { status: 409, title: 'The order is not in a state that allows this' },
  PAYMENT_MISMATCH: { status: 409, title: 'The payment does not match the order' },

  // Payments
  PAYMENT_TRANSITION_ILLEGAL: { status: 409, title: 'The payment is not in a state that allows this' },
  PAYMENT_UNKNOWN: { status: 422, title: 'Unknown payment' },
  PSP_UNSENT: { status: 503, title: 'The payment provider was not reached' },
  PSP_UNAVAILABLE: { status: 503, title: 'The payment provider gave no clear answer' },
  PSP_REFUSED: { status: 502, title: 'The payment provider refused the request' },
  SIGNATURE_INVALID: { status: 401, title: 'The signature is not valid' },
  SIGNATURE_TOO_OLD: { status: 401, title: 'The signature is too old' },
  // end demo

  // Dependencies and overload
  OVERLOADED: { status: 503, title: 'The service is overloaded' },
  DEADLINE_EXCEEDED: { status: 504, title: 'The request took too long' },
  DEPENDENCY_UNAVAILABLE: { status: 503, title: 'A required service is unavailable' },
  DATABASE_UNAVAILABLE: { status: 503, title: 'The database is unavailable' },
  BROKER_UNAVAILABLE: { status: 503, title: 'The message broker is unavailable' },
  CIRCUIT_OPEN: { status: 503, title: 'Calls to a dependency are suspended' },
  BULKHEAD_FULL: { status: 503, title: 'Too many concurrent calls to a dependency' },
  NO_ENDPOINT: { status: 503, title: 'No instance of the service is available' },
  SHUTTING_DOWN: { status: 503, title: 'The instance is shutting down' },
  INTERNAL: { status: 500, title: 'Unexpected error' },

  // Messages
  MESSAGE_MALFORMED: { status: 400, title: 'The message could not be parsed' },
  MESSAGE_INVALID: { status: 422, title: 'The message does not match its schema' },
  MESSAGE_ABANDONED: { status: 500, title: 'The message was delivered many times without an outcome' },
  MESSAGE_UNHANDLED: { status: 404, title: 'The topology declares no consumer for the message' },
  HANDLER_DUPLICATE: { status: 500, title: 'The message has two handlers' },
  HANDLER_TIMEOUT: { status: 504, title: 'The handler of the message took too long' },
  TOPOLOGY_CONFLICT: { status: 409, title: 'The message topology cannot be changed in place' },

  // Set-up
  SETTINGS_INVALID: { status: 500, title: 'The settings are not valid' },
  DATABASE_UNSUITABLE: { status: 500, title: 'The database is not configured as required' },
  DATABASE_UNTRUSTED: { status: 500, title: 'The database server is not to be trusted' },
  BROKER_UNTRUSTED: { status: 500, title: 'The message broker is not to be trusted' },
  MIGRATIONS_PENDING: { status: 503, title: 'The database schema is older than this build' },
  MIGRATION_CHANGED: { status: 500, title: 'An applied migration was edited' },
  MIGRATION_FAILED: { status: 500, title: 'A migration failed' },
  MIGRATION_RIGHTS_MISSING: { status: 500, title: 'The role may not migrate the database' },
  FIELD_KEY_UNKNOWN: { status: 500, title: 'A field is encrypted with an unknown key' },
  FIELD_DECRYPTION_FAILED: { status: 500, title: 'A field could not be decrypted' },
  SEALED_KEY_UNKNOWN: { status: 500, title: 'A value is sealed for an unknown key' },
  SEALED_VALUE_INVALID: { status: 500, title: 'A sealed value could not be opened' },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof errorCodes;
