/** The prose of the OpenAPI document. */

export const introduction = `Register, sign in, order, pay.

**To try it here:** register with \`POST /v1/users\`, choose *Authorize* and sign in with the same e-mail address and password, add an address, take a
product from the list and place an order. \`tok_success\` is a card that works, \`tok_declined\` one that does not.

**Errors** are RFC 9457 problem documents. Branch on their \`code\`, which never changes; \`remedy\` says what to do. Unknown fields of a body and unknown
parameters of a query are refused. An address that does not take a method answers 405 and lists the others in \`Allow\`.

**Repeating a request.** Whatever creates something takes an \`Idempotency-Key\`: repeat it as often as you need, it happens once. After 429 and 503 wait as
long as \`Retry-After\` says.

**Changing something.** Every resource has a version, its \`ETag\`. Send it back as \`If-Match\`; if somebody else was faster, the answer is 412 and nothing is lost.

**Lists** have pages: pass \`nextCursor\` on as \`cursor\` until it is null.

**Finding a request again.** Every answer names its trace in \`x-trace-id\`. A \`traceparent\` that you send is linked to it.`;

export const contact = { name: 'The maintainers of Causeway' };
export const license = { name: 'MIT', url: 'https://opensource.org/license/mit' };

/** Groups of operations, in the order of the document. */
export const tags = [
  { name: 'Account', path: '/v1/users', description: 'Registration and the profile of whoever is signed in.' },
  {
    name: 'Addresses',
    path: '/v1/users/me/addresses',
    description: 'The address book of whoever is signed in; at most 50.',
  },
  { name: 'Products', path: '/v1/products', description: 'What can be ordered. Reading needs no token.' },
  {
    name: 'Orders',
    path: '/v1/orders',
    description: 'Orders of whoever is signed in, from placing them to following what becomes of them.',
  },
  { name: 'Payments', path: '/v1/payments', description: 'What became of the money.' },
  { name: 'Webhooks', path: '/webhooks', description: 'For the payment provider only.' },
] as const;

/** The group with the longest path that fits. @throws Error where none does. */
export function tagOf(path: string): string {
  const found = tags.filter((tag) => path.startsWith(tag.path)).sort((a, b) => b.path.length - a.path.length)[0];
  if (!found) throw new Error(`no tag for ${path}; add one to texts.ts`);
  return found.name;
}

export const pathParameters: Readonly<Record<string, { readonly description: string; readonly example: string }>> = {
  addressId: { description: 'From the list of addresses.', example: '0193a7c0-52e7-7f19-b6d8-90e4b1a7c5d2' },
  orderId: {
    description: 'From the list of orders, or from `Location` when it was placed.',
    example: '0193a7c2-8f10-7b61-9c35-2f6f0b7d4e11',
  },
  paymentId: { description: '`paymentId` of an order.', example: '0193a7c2-8f12-7d0a-8e47-51b3c0a99f20' },
  productId: { description: 'From the list of products.', example: '01939f00-0000-7000-8000-000000000001' },
};

/** What the summary does not say, by `operationId`. */
export const descriptions: Readonly<Record<string, string>> = {
  registerUser:
    'Anybody may register. Sign in afterwards to get a token. A refused registration does not use up its `Idempotency-Key`.',
  listAddresses: 'All of them, as there are 50 at most.',
  removeAddress: 'Orders keep the address that they were placed with.',
  setStock:
    'What can still be ordered, without what orders hold already. For machines: the scope `catalog:write` comes from the client credentials flow.',
  placeOrder:
    'Reserves the stock and answers at once; the card is charged afterwards. Follow the order at `Location` until it is `CONFIRMED` or `REJECTED`.',
  cancelOrder:
    'Gives up the authorisation, or refunds what was captured; until then the order is `CANCELLING`. To cancel it again changes nothing. The body may be left out.',
  getOrderOverview:
    'Composed of three services. A part that cannot be had at the moment is `{"available": false}` with the reason; only an order that does not exist is an error of the whole.',
  followOrder:
    'Server-sent events: `snapshot` with the order as it is, then `order` for each change. The stream ends with the token, after five minutes, and when events may have been missed; come back after `retry` milliseconds, as browsers do by themselves. At most 10 streams per customer are open at once.',
  receivePspWebhook:
    'Believed as a hint only: the state of the charge is read from the provider before anything changes. An event that was stored before is answered the same.',
};
