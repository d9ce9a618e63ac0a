import { errorCodes, type ErrorCode } from '@causeway/errors';
import type { RouteDefinition } from './routes.js';

/** Failures between the gateway and a service, and between the service and its database. */
export const beyondTheGateway: readonly ErrorCode[] = [
  'OVERLOADED',
  'DATABASE_UNAVAILABLE',
  'CIRCUIT_OPEN',
  'BULKHEAD_FULL',
  'NO_ENDPOINT',
];

/** Any request can fail with these, even before its route is known. */
const anyRequest: readonly ErrorCode[] = [
  'MALFORMED_REQUEST',
  'REQUEST_TIMEOUT',
  'URI_TOO_LONG',
  'EXPECTATION_FAILED',
  'RATE_LIMITED',
  'HEADERS_TOO_LARGE',
  'INTERNAL',
  'DEPENDENCY_UNAVAILABLE',
  'DEADLINE_EXCEEDED',
];

const idempotency: readonly ErrorCode[] = [
  'IDEMPOTENCY_KEY_REQUIRED',
  'IDEMPOTENCY_KEY_INVALID',
  'IDEMPOTENCY_KEY_REUSED',
  'IDEMPOTENCY_KEY_IN_FLIGHT',
];

/** Returns every error code a route can return, without duplicates. */
export function errorCodesOf(route: RouteDefinition): readonly ErrorCode[] {
  const { path, method, owner, scope, body, query, idempotent, versioned, errors = [] } = route;
  const hasParameters = path.includes('{');
  const codes: readonly (readonly [applies: boolean, codes: readonly ErrorCode[]])[] = [
    [true, anyRequest],
    [owner !== 'gateway', beyondTheGateway],
    [hasParameters || body !== undefined || query !== undefined, ['VALIDATION_FAILED']],
    [hasParameters, ['NOT_FOUND']],
    // A route that takes no body reads and discards the one it gets.
    [method !== 'get', ['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE']],
    [scope !== undefined, ['TOKEN_MISSING', 'TOKEN_INVALID', 'TOKEN_EXPIRED', 'SCOPE_MISSING']],
    [idempotent === true, idempotency],
    [versioned === true, ['IF_MATCH_REQUIRED', 'VERSION_STALE']],
    // demo
    [route.signed === true, ['SIGNATURE_INVALID', 'SIGNATURE_TOO_OLD']],
    // end demo
    [true, errors],
  ];
  return [...new Set(codes.flatMap(([applies, some]) => (applies ? some : [])))];
}

/** The same by status, as an OpenAPI document lists them. */
export const statusesOf = (route: RouteDefinition): Map<number, ErrorCode[]> => {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorCodesOf(route)) {
    const { status } = errorCodes[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return byStatus;
};
