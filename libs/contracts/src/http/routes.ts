import { errorCodes, type ErrorCode } from '@causeway/errors';
import { z } from 'zod';
import { id } from '../values.js';
import { scopes, type Scope } from './headers.js';
import {
  cancelOrderBody,
  orderListQuery,
  orderPage,
  orderView,
  placeOrderBody,
  productPage,
  productView,
  setStockBody,
} from './orders.js';
import { orderEventStream } from './order-events.js';
import { orderOverview } from './overview.js';
import { pageQuery } from './paging.js';
import { paymentView, pspWebhookBody } from './payments.js';
import { addressBody, addressList, addressView, changeUserBody, registerUserBody, userView } from './users.js';

export type HttpMethod = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** One public operation. The gateway proxies by these, and the OpenAPI document is made of them. */
export interface RouteDefinition {
  readonly operationId: string;
  readonly method: HttpMethod;
  /** With OpenAPI placeholders: `/v1/orders/{orderId}`. */
  readonly path: string;
  /** The service that answers it; `gateway` composes the answer itself. */
  readonly owner: 'gateway' | 'user' | 'order' | 'payment';
  /** What it does, for the list of operations: "Gets a product". */
  readonly summary: string;
  /** Scope that the access token needs; absent for public routes. */
  readonly scope?: Scope;
  /** Needs an `Idempotency-Key`. */
  readonly idempotent?: boolean;
  /** Needs `If-Match`. */
  readonly versioned?: boolean;
  /** Signed with `PSP-Signature` by the payment provider, which has no token. */
  readonly signed?: boolean;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly success: {
    readonly status: number;
    readonly description: string;
    readonly body?: z.ZodType;
    /** Default `application/json`. */
    readonly mediaType?: string;
    /** Headers that this answer always has, besides those of every answer. */
    readonly headers?: readonly ('ETag' | 'Location')[];
  };
  /** Codes that this route adds to those that any route can answer. */
  readonly errors?: readonly ErrorCode[];
}

/** What the way from the gateway to a service, and from there to its database, adds. */
const beyondTheGateway: readonly ErrorCode[] = [
  'OVERLOADED',
  'DATABASE_UNAVAILABLE',
  'CIRCUIT_OPEN',
  'BULKHEAD_FULL',
  'NO_ENDPOINT',
];

type Success = RouteDefinition['success'];
const ok = (body: z.ZodType, description = 'Found'): Success => ({ status: 200, description, body });
/** One resource, with the version that a change of it has to name. */
const one = (body: z.ZodType, description?: string): Success => ({ ...ok(body, description), headers: ['ETag'] });
const created = (body: z.ZodType): Success => ({
  status: 201,
  description: 'Created; `Location` is its address',
  body,
  headers: ['ETag', 'Location'],
});
const accepted = (body: z.ZodType, description: string): Success => ({
  status: 202,
  description,
  body,
  headers: ['ETag', 'Location'],
});

export const routes: readonly RouteDefinition[] = [
  {
    operationId: 'registerUser',
    method: 'post',
    path: '/v1/users',
    owner: 'user',
    summary: 'Registers a customer',
    idempotent: true,
    body: registerUserBody,
    success: created(userView),
    errors: ['EMAIL_TAKEN', 'PASSWORD_TOO_COMMON', 'LOGIN_BUSY'],
  },
  {
    operationId: 'getMe',
    method: 'get',
    path: '/v1/users/me',
    owner: 'user',
    summary: 'Gets the caller’s own profile',
    scope: scopes.profile,
    success: one(userView),
    errors: ['NOT_FOUND'],
  },
  {
    operationId: 'changeMe',
    method: 'patch',
    path: '/v1/users/me',
    owner: 'user',
    summary: 'Changes the caller’s own profile',
    scope: scopes.profile,
    versioned: true,
    body: changeUserBody,
    success: one(userView, 'Changed'),
    errors: ['NOT_FOUND'],
  },
  {
    operationId: 'listAddresses',
    method: 'get',
    path: '/v1/users/me/addresses',
    owner: 'user',
    summary: 'Lists the caller’s own addresses',
    scope: scopes.profile,
    success: ok(addressList),
  },
  {
    operationId: 'addAddress',
    method: 'post',
    path: '/v1/users/me/addresses',
    owner: 'user',
    summary: 'Adds an address',
    scope: scopes.profile,
    idempotent: true,
    body: addressBody,
    success: created(addressView),
    errors: ['ADDRESS_LIMIT_REACHED', 'NOT_FOUND'],
  },
  {
    operationId: 'getAddress',
    method: 'get',
    path: '/v1/users/me/addresses/{addressId}',
    owner: 'user',
    summary: 'Gets an address',
    scope: scopes.profile,
    success: one(addressView),
  },
  {
    operationId: 'changeAddress',
    method: 'put',
    path: '/v1/users/me/addresses/{addressId}',
    owner: 'user',
    summary: 'Replaces an address',
    scope: scopes.profile,
    versioned: true,
    body: addressBody,
    success: one(addressView, 'Replaced'),
  },
  {
    operationId: 'removeAddress',
    method: 'delete',
    path: '/v1/users/me/addresses/{addressId}',
    owner: 'user',
    summary: 'Deletes an address',
    scope: scopes.profile,
    versioned: true,
    success: { status: 204, description: 'Deleted' },
  },
  {
    operationId: 'listProducts',
    method: 'get',
    path: '/v1/products',
    owner: 'order',
    summary: 'Lists products',
    query: pageQuery,
    success: ok(productPage),
    errors: ['CURSOR_INVALID'],
  },
  {
    operationId: 'getProduct',
    method: 'get',
    path: '/v1/products/{productId}',
    owner: 'order',
    summary: 'Gets a product',
    success: one(productView),
  },
  {
    operationId: 'setStock',
    method: 'put',
    path: '/v1/products/{productId}/stock',
    owner: 'order',
    summary: 'Sets how many pieces of a product are available',
    scope: scopes.catalogWrite,
    versioned: true,
    body: setStockBody,
    success: one(productView, 'Changed'),
  },
  {
    operationId: 'placeOrder',
    method: 'post',
    path: '/v1/orders',
    owner: 'order',
    summary: 'Places an order',
    scope: scopes.orders,
    idempotent: true,
    body: placeOrderBody,
    success: accepted(orderView, 'Accepted and its stock reserved; the payment is under way'),
    errors: ['PRODUCT_UNKNOWN', 'OUT_OF_STOCK', 'CURRENCY_MIXED', 'ADDRESS_UNKNOWN', 'BROKER_UNAVAILABLE'],
  },
  {
    operationId: 'listOrders',
    method: 'get',
    path: '/v1/orders',
    owner: 'order',
    summary: 'Lists the caller’s own orders, newest first',
    scope: scopes.orders,
    query: orderListQuery,
    success: ok(orderPage),
    errors: ['CURSOR_INVALID'],
  },
  {
    operationId: 'getOrder',
    method: 'get',
    path: '/v1/orders/{orderId}',
    owner: 'order',
    summary: 'Gets an order',
    scope: scopes.orders,
    success: one(orderView),
  },
  {
    operationId: 'cancelOrder',
    method: 'post',
    path: '/v1/orders/{orderId}/cancel',
    owner: 'order',
    summary: 'Cancels an order and gives its money back',
    scope: scopes.orders,
    idempotent: true,
    body: cancelOrderBody,
    success: accepted(orderView, 'Accepted; `status` says how far it is'),
    errors: ['ORDER_NOT_CANCELLABLE'],
  },
  {
    operationId: 'getOrderOverview',
    method: 'get',
    path: '/v1/orders/{orderId}/overview',
    owner: 'gateway',
    summary: 'Gets an order together with its payment and its customer',
    scope: scopes.orders,
    success: ok(orderOverview),
  },
  {
    operationId: 'followOrder',
    method: 'get',
    path: '/v1/orders/{orderId}/events',
    owner: 'gateway',
    summary: 'Streams the changes of an order as they happen',
    scope: scopes.orders,
    success: {
      status: 200,
      description: 'A stream that stays open',
      body: orderEventStream,
      mediaType: 'text/event-stream',
    },
    errors: [...beyondTheGateway, 'SHUTTING_DOWN'],
  },
  {
    operationId: 'getPayment',
    method: 'get',
    path: '/v1/payments/{paymentId}',
    owner: 'payment',
    summary: 'Gets a payment',
    scope: scopes.payments,
    success: ok(paymentView),
  },
  {
    operationId: 'receivePspWebhook',
    method: 'post',
    path: '/webhooks/psp',
    owner: 'payment',
    summary: 'Receives an event of the payment provider',
    body: pspWebhookBody,
    signed: true,
    success: { status: 204, description: 'Stored, now or before' },
  },
];

/** Services whose routes the gateway forwards to, so that it has to find them. */
export const forwardedServices: readonly string[] = [...new Set(routes.map(({ owner }) => owner))].filter(
  (owner) => owner !== 'gateway',
);

/** A request that cannot be read is refused before anybody looks at what it asks for. */
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
/** Every error code that a route can answer with, each once. */
export function errorCodesOf(route: RouteDefinition): readonly ErrorCode[] {
  const { path, method, owner, scope, body, query, idempotent, versioned, signed, errors = [] } = route;
  const hasParameters = path.includes('{');
  const codes: readonly (readonly [applies: boolean, codes: readonly ErrorCode[]])[] = [
    [true, anyRequest],
    [owner !== 'gateway', beyondTheGateway],
    [hasParameters || body !== undefined || query !== undefined, ['VALIDATION_FAILED']],
    [hasParameters, ['NOT_FOUND']],
    // Where none is asked for, a body is read and dropped.
    [method !== 'get', ['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE']],
    [scope !== undefined, ['TOKEN_MISSING', 'TOKEN_INVALID', 'TOKEN_EXPIRED', 'SCOPE_MISSING']],
    [idempotent === true, idempotency],
    [versioned === true, ['IF_MATCH_REQUIRED', 'VERSION_STALE']],
    [signed === true, ['SIGNATURE_INVALID', 'SIGNATURE_TOO_OLD']],
    [true, errors],
  ];
  return [...new Set(codes.flatMap(([applies, some]) => (applies ? some : [])))];
}

const idempotency: readonly ErrorCode[] = [
  'IDEMPOTENCY_KEY_REQUIRED',
  'IDEMPOTENCY_KEY_INVALID',
  'IDEMPOTENCY_KEY_REUSED',
  'IDEMPOTENCY_KEY_IN_FLIGHT',
];

/** Path parameters: all of ours are UUIDs. */
export const pathParametersOf = (path: string): readonly string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
export const pathSchemaOf = (path: string): z.ZodObject =>
  z.object(Object.fromEntries(pathParametersOf(path).map((name) => [name, id])));

export const statusesOf = (route: RouteDefinition): Map<number, ErrorCode[]> => {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorCodesOf(route)) {
    const { status } = errorCodes[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return byStatus;
};
