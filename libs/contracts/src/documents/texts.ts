/** The prose of the OpenAPI document. */

/** What the operations are about. */
const topics = [
  'Accounts',
  // demo
  'catalogue',
  'orders',
  'payments',
  // end demo
];
export const summary = topics.join(', ');

const firstSteps = [
  'Register with `POST /v1/users`, choose *Authorize* and sign in with the same e-mail address and password.',
  // demo
  'Then add an address, pick a product from the list and place an order.',
  '`tok_success` is a test card that is accepted, `tok_declined` one that is declined.',
  // end demo
];

export const introduction = `**Try it on this page.** ${firstSteps.join(' ')}

**Errors** are RFC 9457 problem documents. Branch on \`code\`, which never changes; \`remedy\` tells you what to do. Requests with unknown body fields
or unknown query parameters are rejected. An unsupported method gets 405, with the supported methods in \`Allow\`.

**Retries.** Every operation that creates something takes an \`Idempotency-Key\`. Repeat the request with the same key as often as you
need: it takes effect once. After 429 or 503, wait for the number of seconds in \`Retry-After\`.

**Concurrent changes.** Every resource has a version, returned as \`ETag\`. Send it back in \`If-Match\` when you change the resource. If it has changed
in the meantime, you get 412 and your request has no effect.

**Pagination.** Pass \`nextCursor\` as \`cursor\` to get the next page; it is null on the last one.

**Tracing.** Every response names its trace in \`x-trace-id\`; quote it when you report a problem. If you send a \`traceparent\`, our trace links to
yours.`;

export const contact = { name: 'The maintainers of Causeway' };
export const license = { name: 'MIT', url: 'https://opensource.org/license/mit' };

/** Groups of operations, in the order in which the document lists them. */
export const tags = [
  {
    name: 'Account',
    path: '/v1/users',
    description: 'Registration, one’s own profile, and for support that of anybody.',
  },
  {
    name: 'Addresses',
    path: '/v1/users/me/addresses',
    description: 'The customer’s own address book, up to 50 addresses.',
  },
  {
    name: 'Sessions',
    path: '/v1/users/me/sessions',
    description: 'Where the customer is signed in, and signing out there.',
  },
  // demo
  { name: 'Products', path: '/v1/products', description: 'The catalogue. Reading it needs no token.' },
  {
    name: 'Orders',
    path: '/v1/orders',
    description:
      'The customer’s own orders: place, follow and cancel them. Support reads and refunds those of anybody.',
  },
  {
    name: 'Payments',
    path: '/v1/payments',
    description: 'The payments for the customer’s own orders; for support those of anybody.',
  },
  { name: 'Webhooks', path: '/webhooks', description: 'Called by the payment provider only.' },
  // end demo
] as const;

/** Returns the group with the longest matching path. @throws Error when none matches. */
export function tagOf(path: string): string {
  const found = tags.filter((tag) => path.startsWith(tag.path)).sort((a, b) => b.path.length - a.path.length)[0];
  if (!found) throw new Error(`no tag for ${path}; add one to texts.ts`);
  return found.name;
}

export const pathParameters: Readonly<Record<string, { readonly description: string; readonly example: string }>> = {
  userId: {
    description: 'Id of the person: `customerId` of an order, `sub` of a token.',
    example: '0193a7bf-11aa-7c58-a1f4-7d2b9f04c6e3',
  },
  addressId: {
    description: 'Id of the address, from the list of addresses.',
    example: '0193a7c0-52e7-7f19-b6d8-90e4b1a7c5d2',
  },
  sessionId: {
    description: 'Id of the session, from the list of sessions.',
    example: '0193a7c1-04d2-7a3b-8e65-3c9d1f7b2a48',
  },
  // demo
  orderId: {
    description: 'Id of the order, from the list of orders or from `Location` when you placed it.',
    example: '0193a7c2-8f10-7b61-9c35-2f6f0b7d4e11',
  },
  paymentId: {
    description: 'Id of the payment: `paymentId` of the order.',
    example: '0193a7c2-8f12-7d0a-8e47-51b3c0a99f20',
  },
  productId: {
    description: 'Id of the product, from the list of products.',
    example: '01939f00-0000-7000-8000-000000000001',
  },
  // end demo
};

/** Details beyond the summary, by `operationId`. */
export const descriptions: Readonly<Record<string, string>> = {
  registerUser:
    'Open to anyone. Sign in afterwards to get a token. A rejected registration does not use up its `Idempotency-Key`.',
  eraseMe:
    'Cannot be undone, so the sign-in behind the token must be at most ten minutes old: send people to sign in again with `prompt=login` first. Ends every session; a token that was issued before finds nothing any more. Other services forget the person within a minute.',
  getUser: 'For support, with the scope `users:read-any`. Every such reading is recorded.',
  listAddresses: 'Returns all addresses in one response: there are at most 50.',
  changePassword:
    'Ends every session, this one too: sign in again with the new password. The owner of the account is told by mail. Wrong passwords are limited like those of a sign-in.',
  confirmEmail:
    'Up to three times in an hour. The link works once, within 24 hours; until then, `emailVerified` is false.',
  listSessions:
    'Returns all sessions in one response, the last used first. `browser` is what the browser said about itself.',
  endSession:
    'Its refresh tokens end at once; an access token that was issued before stays valid until it expires, at most five minutes.',
  // demo
  removeAddress: 'Existing orders keep the address they were placed with.',
  setStock:
    'Sets the quantity that can still be ordered; units that open orders hold are not part of it. For operators, and for machines: they obtain the scope `catalog:write` through the client credentials flow.',
  listOrders:
    'Customers list their own orders. Support, with the scope `orders:read-any`, lists those of the customer named by `customerId`.',
  placeOrder:
    'Reserves the stock and returns at once; the card is charged in the background. Follow the order at `Location` until it is `CONFIRMED` or `REJECTED`.',
  cancelOrder:
    'Releases the card authorization, or refunds the payment if it was captured. The order is `CANCELLING` until the provider confirms. Cancelling an order twice has no further effect. The body is optional. Support, with the scope `payments:refund`, cancels the order of any customer: this is how a charge is refunded.',
  getOrderHistory:
    'Returns every change in one response: what the order was and became, why, what caused it, and in which trace. Changes older than a year may be missing.',
  getOrderOverview:
    'Combines data from three services. If one of them is unavailable, its part is `{"available": false}` with the reason; the request as a whole fails only if the order does not exist.',
  followOrder:
    'Server-sent events: one `snapshot` with the current order, then an `order` event for each change. A client that reconnects with `Last-Event-ID` gets what it missed before the snapshot. The stream ends when the token expires, after five minutes, or when events may have been missed; reconnect after `retry` milliseconds, as browsers do on their own. Each customer may have up to 10 open streams.',
  receivePspWebhook:
    'Takes the event as a hint only: we read the charge from the provider before anything changes. A repeated event gets the same response.',
  // end demo
};
