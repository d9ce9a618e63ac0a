import { httpHeaders } from '../http/headers.js';
import type { RouteDefinition } from '../http/routes.js';

/** Headers as OpenAPI describes them, in their usual spelling; on the wire, case does not matter. */
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

/** `components.headers`: response headers. `required` marks those that are always present. */
export const responseHeaders = {
  ETag: {
    ...text('Version of the resource, to send in `If-Match`.', '"3"', { pattern: '^"[0-9]+"$' }),
    required: true,
  },
  Location: {
    ...text('URL of the resource.', '/v1/users/me/addresses/0193a7c0-52e7-7f19-b6d8-90e4b1a7c5d2'),
    required: true,
  },
  'Idempotency-Replayed': text(
    'Present on a replay: the request was already carried out, and this is the response it got then.',
    'true',
    { const: 'true' },
  ),
  'Cache-Control': text('Responses of this API must not be cached.', 'no-store', { const: 'no-store' }),
  'x-trace-id': text(
    'Trace id of this request in logs and traces. Quote it when you report a problem.',
    '4bf92f3577b34da6a3ce929d0e0e4736',
    {
      pattern: '^[0-9a-f]{32}$',
    },
  ),
  'RateLimit-Limit': count('Number of requests you may send per minute.', 600),
  'RateLimit-Remaining': count('Number of requests left in the current window.', 599),
  'RateLimit-Reset': count('Seconds until the full quota is available again.', 60),
  'Retry-After': count('Seconds to wait before you repeat the request. Always present on 429 and 503.', 2),
  'WWW-Authenticate': {
    ...text('Why the token was rejected (RFC 6750).', 'Bearer error="invalid_token"'),
    required: true,
  },
  'causeway-no-retry': text(
    'An immediate retry is pointless: the request was already retried for you, or would fail again.',
    '1',
    {
      const: '1',
    },
  ),
  'causeway-overloaded': text('The service is overloaded, not broken. Slow down.', '1', { const: '1' }),
};
export type ResponseHeader = keyof typeof responseHeaders;

/** On every response, as far as the request got: an unreadable request is not counted and has no trace. */
const everyResponse: readonly ResponseHeader[] = [
  'x-trace-id',
  'Cache-Control',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
];

export const referTo = (names: readonly ResponseHeader[]): Record<string, { $ref: string }> =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** Returns the headers of a successful response. */
export function headersOfSuccess({ success, idempotent }: RouteDefinition): readonly ResponseHeader[] {
  // A stream starts before the rate limit headers are set.
  if (success.mediaType === 'text/event-stream') return ['x-trace-id', 'Cache-Control'];
  return [...(success.headers ?? []), ...(idempotent ? (['Idempotency-Replayed'] as const) : []), ...everyResponse];
}

/** Returns the headers of a problem document. */
export function headersOfProblem(status: number, { scope, idempotent }: RouteDefinition): readonly ResponseHeader[] {
  return [
    ...((status === 401 || status === 403) && scope !== undefined ? (['WWW-Authenticate'] as const) : []),
    ...(status === 429 || status === 503 || (status === 409 && idempotent) ? (['Retry-After'] as const) : []),
    ...(status === 503 ? (['causeway-no-retry'] as const) : []),
    ...(status === 503 || status === 504 ? (['causeway-overloaded'] as const) : []),
    ...everyResponse,
  ];
}

/**
 * `components.parameters`: request headers. `/docs` fills in the examples, so there is none where a shared value would
 * do harm: every reader would send the same idempotency key, or give up early without meaning to.
 */
export const requestHeaders = {
  'Idempotency-Key': {
    name: 'Idempotency-Key',
    in: 'header',
    required: true,
    description:
      'A value you choose, such as the random UUID `7f9c2ba4-e88f-4d1e-9b3f-2f1d6a4c8e55`. Send the same value when you repeat the request: for 24 hours you get the first response again and nothing happens twice.',
    schema: { type: 'string', minLength: 1, maxLength: 128, pattern: '^[\\x21-\\x7e]{1,128}$' },
  },
  'If-Match': {
    name: 'If-Match',
    in: 'header',
    required: true,
    description: 'The `ETag` of the version your change is based on.',
    schema: { type: 'string' },
    example: '"3"',
  },
  // demo
  'PSP-Signature': {
    name: 'PSP-Signature',
    in: 'header',
    required: true,
    description:
      '`t=<seconds since 1970>,v1=<signature>`. The signature is the hexadecimal HMAC-SHA256 of `<t>.<raw body>`, computed with the webhook secret. `t` may be off by up to 5 minutes; several `v1` values are allowed.',
    schema: { type: 'string' },
    example: 't=1795428245,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd',
  },
  // end demo
  'Last-Event-ID': {
    name: 'Last-Event-ID',
    in: 'header',
    description:
      'Sent by browsers when they reconnect: the `id` of the last event they got. The stream begins with the changes since then.',
    schema: { type: 'string' },
    example: '1',
  },
  [httpHeaders.deadline]: {
    name: httpHeaders.deadline,
    in: 'header',
    description:
      'How long you will wait for the response, in milliseconds, for example `2000`. It can only shorten the server’s own limit. After that time the server abandons the work and responds with 504.',
    schema: { type: 'integer', minimum: 1 },
  },
} as const;

/** Returns references to the request headers of a route. */
export function parametersOf(route: RouteDefinition): { $ref: string }[] {
  const { idempotent, versioned, success } = route;
  const isStream = success.mediaType === 'text/event-stream';
  const names: (keyof typeof requestHeaders)[] = [
    ...(idempotent ? (['Idempotency-Key'] as const) : []),
    ...(versioned ? (['If-Match'] as const) : []),
    // demo
    ...(route.signed ? (['PSP-Signature'] as const) : []),
    // end demo
    ...(isStream ? (['Last-Event-ID'] as const) : [httpHeaders.deadline]),
  ];
  return names.map((name) => ({ $ref: `#/components/parameters/${name}` }));
}
