import { httpHeaders } from '../http/headers.js';
import type { RouteDefinition } from '../http/routes.js';

/** Headers as OpenAPI describes them, spelled as people know them; on the wire their case does not matter. */
const text = (description: string, example: string, more: object = {}) => ({
  description,
  schema: { type: 'string' as const, ...more },
  example,
});
const count = (description: string, example: number) => ({
  description,
  schema: { type: 'integer' as const, minimum: 0 },
  example,
});

/** `components.headers`: what answers carry. Those that are always there say `required`. */
export const responseHeaders = {
  ETag: {
    ...text('The version of the resource, for `If-Match`.', '"3"', { pattern: '^"[0-9]+"$' }),
    required: true,
  },
  Location: {
    ...text('The address of the resource.', '/v1/orders/0193a7c2-8f10-7b61-9c35-2f6f0b7d4e11'),
    required: true,
  },
  'Idempotency-Replayed': text(
    'Only on a repetition: the request was carried out before, and this is how it was answered then.',
    'true',
    { const: 'true' },
  ),
  'Cache-Control': text('Nothing of the API is to be kept by caches.', 'no-store', { const: 'no-store' }),
  'x-trace-id': text(
    'The trace of this request in logs and traces. Name it when you report a problem.',
    '4bf92f3577b34da6a3ce929d0e0e4736',
    {
      pattern: '^[0-9a-f]{32}$',
    },
  ),
  'RateLimit-Limit': count('How many requests you may send in a minute.', 600),
  'RateLimit-Remaining': count('How many of them are left.', 599),
  'RateLimit-Reset': count('Seconds until all of them are yours again.', 60),
  'Retry-After': count('Seconds to wait before the request is worth repeating. Always there on 429 and 503.', 2),
  'WWW-Authenticate': {
    ...text('Why the token was refused (RFC 6750).', 'Bearer error="invalid_token"'),
    required: true,
  },
  'causeway-no-retry': text('The request was repeated on your behalf, or repeating it at once is pointless.', '1', {
    const: '1',
  }),
  'causeway-overloaded': text('Nothing is broken: there was too much to do. Slow down.', '1', { const: '1' }),
};
export type ResponseHeader = keyof typeof responseHeaders;

/** On every answer, as far as the request got: one that cannot be read is not counted, and belongs to no trace. */
const everyAnswer: readonly ResponseHeader[] = [
  'x-trace-id',
  'Cache-Control',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
];

export const referTo = (names: readonly ResponseHeader[]): Record<string, { $ref: string }> =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** Headers of the answer when all went well. */
export function headersOfSuccess({ success, idempotent }: RouteDefinition): readonly ResponseHeader[] {
  // A stream begins before its requests are counted into the answer.
  if (success.mediaType === 'text/event-stream') return ['x-trace-id', 'Cache-Control'];
  return [...(success.headers ?? []), ...(idempotent ? (['Idempotency-Replayed'] as const) : []), ...everyAnswer];
}

/** Headers of a problem document. */
export function headersOfProblem(status: number, { scope, idempotent }: RouteDefinition): readonly ResponseHeader[] {
  return [
    ...((status === 401 || status === 403) && scope !== undefined ? (['WWW-Authenticate'] as const) : []),
    ...(status === 429 || status === 503 || (status === 409 && idempotent) ? (['Retry-After'] as const) : []),
    ...(status === 503 ? (['causeway-no-retry'] as const) : []),
    ...(status === 503 || status === 504 ? (['causeway-overloaded'] as const) : []),
    ...everyAnswer,
  ];
}

/**
 * `components.parameters`: headers of requests. An example is what `/docs` fills in: there is none where everybody would send the same key, or give
 * up early, without having meant to.
 */
export const requestHeaders = {
  'Idempotency-Key': {
    name: 'Idempotency-Key',
    in: 'header',
    required: true,
    description:
      'Chosen by you: a random UUID such as `7f9c2ba4-e88f-4d1e-9b3f-2f1d6a4c8e55`. Send the same one when you repeat the request: for 24 h it gives the first answer again and does nothing twice.',
    schema: { type: 'string', minLength: 1, maxLength: 128, pattern: '^[\\x21-\\x7e]{1,128}$' },
  },
  'If-Match': {
    name: 'If-Match',
    in: 'header',
    required: true,
    description: 'The `ETag` of the version that the change is based on.',
    schema: { type: 'string' },
    example: '"3"',
  },
  'PSP-Signature': {
    name: 'PSP-Signature',
    in: 'header',
    required: true,
    description:
      '`t=<seconds since 1970>,v1=<signature>`. The signature is the HMAC-SHA256, in hexadecimal, of `<t>.<body as it is sent>` under the webhook secret. `t` may be 5 minutes off; several `v1` are allowed.',
    schema: { type: 'string' },
    example: 't=1795428245,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd',
  },
  'Last-Event-ID': {
    name: 'Last-Event-ID',
    in: 'header',
    description:
      'Browsers send it when they come back. It changes nothing: every stream begins with the order as it is.',
    schema: { type: 'string' },
    example: '1',
  },
  [httpHeaders.deadline]: {
    name: httpHeaders.deadline,
    in: 'header',
    description:
      'How long you will wait for the answer, milliseconds, `2000` for example. It can only shorten the limit of the server; when it passes, the answer is 504 and the work is given up.',
    schema: { type: 'integer', minimum: 1 },
  },
} as const;

/** The headers that a request of this route takes, as references. */
export function parametersOf({ idempotent, versioned, signed, success }: RouteDefinition): { $ref: string }[] {
  const isStream = success.mediaType === 'text/event-stream';
  const names: (keyof typeof requestHeaders)[] = [
    ...(idempotent ? (['Idempotency-Key'] as const) : []),
    ...(versioned ? (['If-Match'] as const) : []),
    ...(signed ? (['PSP-Signature'] as const) : []),
    ...(isStream ? (['Last-Event-ID'] as const) : [httpHeaders.deadline]),
  ];
  return names.map((name) => ({ $ref: `#/components/parameters/${name}` }));
}
