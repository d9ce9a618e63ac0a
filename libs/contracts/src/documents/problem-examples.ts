import { errorCodes, problemType, type ErrorCode, type Problem } from '@causeway/errors';

type ProblemText = Pick<Problem, 'detail' | 'remedy' | 'errors'>;

/** Example texts of each code a route can return. */
const problemTexts: Partial<Record<ErrorCode, ProblemText>> = {
  MALFORMED_REQUEST: { detail: 'The body is not valid JSON.', remedy: 'Send one JSON document in UTF-8.' },
  VALIDATION_FAILED: {
    detail: '/displayName: unknown field',
    remedy: 'Correct the listed fields and send the request again.',
    errors: [{ path: '/displayName', message: 'unknown field' }],
  },
  NOT_FOUND: {
    detail: 'address 0193a7c0-52e7-7f19-b6d8-90e4b1a7c5d2 was not found',
    remedy: 'Check the URL. Another customer’s resource is reported as missing, too.',
  },
  REQUEST_TIMEOUT: { detail: 'The request did not arrive in time.', remedy: 'Send it again without pauses.' },
  BODY_TOO_LARGE: {
    detail: 'The body is larger than 262144 bytes.',
    remedy: 'Send a smaller body, or several requests.',
  },
  URI_TOO_LONG: {
    detail: 'The URL, or one segment of its path, is too long.',
    remedy: 'Send a shorter URL.',
  },
  UNSUPPORTED_MEDIA_TYPE: { detail: 'The content type is not supported.', remedy: 'Send application/json.' },
  EXPECTATION_FAILED: {
    detail: 'The Expect header asks for something that is not supported.',
    remedy: 'Send Expect: 100-continue, or leave the header out.',
  },
  RATE_LIMITED: {
    detail: 'more than 600 requests in a minute',
    remedy: 'Wait for the number of seconds in Retry-After.',
  },
  HEADERS_TOO_LARGE: {
    detail: 'The headers of the request are too large.',
    remedy: 'Send fewer or shorter headers.',
  },
  CURSOR_INVALID: {
    detail: 'the page cursor is not valid',
    remedy:
      'Send nextCursor of the previous page unchanged, with the same list and filters, or start again without a cursor.',
  },
  IF_MATCH_REQUIRED: {
    detail: 'the If-Match header is missing',
    remedy: 'Read the resource and send its ETag in the If-Match header.',
  },
  VERSION_STALE: {
    detail: 'the resource has changed since it was read',
    remedy: 'Read the resource again, apply the change to it, and send its new ETag in If-Match.',
  },
  IDEMPOTENCY_KEY_REQUIRED: {
    detail: 'the header Idempotency-Key is missing',
    remedy: 'Send an Idempotency-Key, for example a random UUID, and the same one when you repeat the request.',
  },
  IDEMPOTENCY_KEY_INVALID: {
    detail: 'the header Idempotency-Key is not 1 to 128 visible ASCII characters',
    remedy: 'Send 1 to 128 visible ASCII characters, for example a random UUID.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    detail: 'this Idempotency-Key was used with another request',
    remedy: 'Use a new Idempotency-Key for a new request, and repeat a request with exactly the same body.',
  },
  IDEMPOTENCY_KEY_IN_FLIGHT: {
    detail: 'a request with this Idempotency-Key is being processed',
    remedy: 'Wait for the response to the first request, or send this one again a little later with the same key.',
  },
  TOKEN_MISSING: {
    detail: 'the request has no access token',
    remedy: 'Sign in and send the access token as "Authorization: Bearer …".',
  },
  TOKEN_INVALID: {
    detail: 'the access token is not valid',
    remedy: 'Sign in again and send the access token you get.',
  },
  TOKEN_EXPIRED: {
    detail: 'the access token has expired',
    remedy: 'Get a new access token with the refresh token, or sign in again.',
  },
  SCOPE_MISSING: {
    detail: 'the access token lacks the scope profile:manage',
    remedy: 'Request the scope profile:manage when you sign in.',
  },
  SIGN_IN_TOO_OLD: {
    detail: 'this cannot be undone, and the sign-in is too old for it',
    remedy: 'Sign in again (prompt=login) and repeat the request with the new token within 10 minutes.',
  },
  EMAIL_TAKEN: {
    detail: 'this e-mail address is already registered',
    remedy: 'Sign in, or register with another e-mail address.',
  },
  PASSWORD_INCORRECT: {
    detail: 'the current password is incorrect',
    remedy: 'Send the password you sign in with, or reset it with “Forgot your password?” on the sign-in page.',
    errors: [{ path: '/currentPassword', message: 'is incorrect' }],
  },
  PASSWORD_TOO_COMMON: {
    detail: 'this password is too easy to guess',
    remedy: 'Choose a password that is not a common word with digits, a repetition or a keyboard row.',
    errors: [{ path: '/password', message: 'is too common' }],
  },
  ADDRESS_LIMIT_REACHED: {
    detail: 'an address book holds at most 50 addresses',
    remedy: 'Delete an address you no longer use.',
  },
  KEY_ROTATION_PENDING: {
    detail:
      'the key 3q2-7wAAhX5FVnDc5x4Vhq8mJ0dTYZB8P1kO9uS6eYg is published already and signs from 2026-11-29T08:00:00.000Z',
    remedy: 'Wait until it signs, or retire it to take the rotation back.',
  },
  SIGNING_KEY_UNKNOWN: {
    detail: 'no published key has this id',
    remedy: 'List the keys; one that is not there has been retired.',
  },
  LOGIN_BUSY: {
    detail: 'too many people are signing in right now',
    remedy: 'Wait for the number of seconds in Retry-After, then try again.',
  },
  // demo
  PRODUCT_UNKNOWN: {
    detail: 'one product does not exist',
    remedy: 'Take the product ids from GET /v1/products.',
    errors: [{ path: '/items/0/productId', message: 'unknown product' }],
  },
  OUT_OF_STOCK: {
    detail: 'one product does not have enough stock',
    remedy: 'Order at most what is available, or try again later.',
    errors: [{ path: '/items/0/quantity', message: 'only 1 available' }],
  },
  CURRENCY_MIXED: {
    detail: 'the products are priced in EUR and GBP',
    remedy: 'Place a separate order for each currency.',
  },
  ADDRESS_UNKNOWN: {
    detail: 'the shipping address does not exist',
    remedy: 'Take the id from GET /v1/users/me/addresses, or add an address first.',
    errors: [{ path: '/shippingAddressId', message: 'unknown address' }],
  },
  ORDER_NOT_CANCELLABLE: {
    detail: 'order 0193a7c2-8f10-7b61-9c35-2f6f0b7d4e11 is REJECTED and cannot be cancelled',
    remedy: 'Reload the order. A rejected order holds neither stock nor money.',
  },
  SIGNATURE_INVALID: {
    detail: 'the webhook signature is missing or wrong',
    remedy:
      'Sign the raw body with a live webhook secret: PSP-Signature: t=<unix seconds>,v1=<hex hmac-sha256 of "t.body">.',
  },
  SIGNATURE_TOO_OLD: {
    detail: 'the webhook signature is more than 5 minutes old or ahead',
    remedy: 'Sign each delivery anew, and keep the clock accurate to 5 minutes.',
  },
  // end demo
  DEADLINE_EXCEEDED: {
    detail: 'the request ran out of time',
    remedy: 'Try again; if it stays slow, look at the trace for the part that takes the time.',
  },
  DEPENDENCY_UNAVAILABLE: { detail: 'user is not available', remedy: 'Try again in a moment.' },
  DATABASE_UNAVAILABLE: {
    detail: 'the database is not available',
    remedy: 'Try again in a few seconds. Operators find the cause in the log by the trace id.',
  },
  BROKER_UNAVAILABLE: {
    detail: 'the message broker cannot be reached',
    remedy: 'Try again in a moment; the service reconnects by itself.',
  },
  OVERLOADED: {
    detail: 'too much work at the moment',
    remedy: 'Nothing was done. Try again after Retry-After seconds, with the same Idempotency-Key where there is one.',
  },
  CIRCUIT_OPEN: {
    detail: 'calls to forward.user are suspended after too many failures',
    remedy: 'Wait until the dependency has recovered; calls are tried again after a few seconds.',
  },
  BULKHEAD_FULL: {
    detail: 'too many concurrent calls to forward.user',
    remedy: 'Try again with less concurrency, or raise the limit of the dependency.',
  },
  NO_ENDPOINT: {
    detail: 'no instance of user is available',
    remedy: 'Start the service, or check DISCOVERY_MODE of the caller, and DISCOVERY_STATIC or DISCOVERY_DNS_URL.',
  },
  SHUTTING_DOWN: {
    detail: 'this instance is shutting down',
    remedy: 'Repeat the request: another instance will respond.',
  },
  INTERNAL: { detail: 'Something went wrong on our side. Quote the trace id when you report it.' },
};

/** Returns an example problem document. @throws Error for a code without an example, which has to be added here. */
export function problemExample(code: ErrorCode): Problem {
  const own = problemTexts[code];
  if (!own) throw new Error(`${code} has no example; add one to problem-examples.ts`);
  return {
    type: problemType(code),
    ...errorCodes[code],
    code,
    ...own,
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  };
}
