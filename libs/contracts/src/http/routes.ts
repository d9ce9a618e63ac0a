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
  readonly summary: string;
  /** Scope that the access token needs; absent for public routes. */
  readonly scope?: Scope;
  /** Needs an `Idempotency-Key`. */
  readonly idempotent?: boolean;
  /** Needs `If-Match`, and answers with an `ETag`. */
  readonly versioned?: boolean;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly success: {
    readonly status: number;
    readonly description: string;
    readonly body?: z.ZodType;
    readonly mediaType?: string;
  };
  /** Codes that this route adds to those that any route can answer. */
  readonly errors?: readonly ErrorCode[];
}

const ok = (body: z.ZodType, description = 'Found') => ({ status: 200, description, body });
const created = (body: z.ZodType) => ({ status: 201, description: 'Created; `Location` names it', body });
const accepted = (body: z.ZodType) => ({ status: 202, description: 'Accepted; follow `Location`', body });

export const routes: readonly RouteDefinition[] = [
  {
    operationId: 'registerUser',
    method: 'post',
    path: '/v1/users',
    owner: 'user',
    summary: 'Register a customer',
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
    summary: 'Read the own profile',
    scope: scopes.profile,
    success: ok(userView),
  },
  {
    operationId: 'changeMe',
    method: 'patch',
    path: '/v1/users/me',
    owner: 'user',
    summary: 'Change the own profile',
    scope: scopes.profile,
    versioned: true,
    body: changeUserBody,
    success: ok(userView, 'Changed'),
  },
  {
    operationId: 'listAddresses',
    method: 'get',
    path: '/v1/users/me/addresses',
    owner: 'user',
    summary: 'List the own addresses',
    scope: scopes.profile,
    success: ok(addressList),
  },
  {
    operationId: 'addAddress',
    method: 'post',
    path: '/v1/users/me/addresses',
    owner: 'user',
    summary: 'Add an address',
    scope: scopes.profile,
    idempotent: true,
    body: addressBody,
    success: created(addressView),
    errors: ['ADDRESS_LIMIT_REACHED'],
  },
  {
    operationId: 'getAddress',
    method: 'get',
    path: '/v1/users/me/addresses/{addressId}',
    owner: 'user',
    summary: 'Read an address',
    scope: scopes.profile,
    success: ok(addressView),
  },
  {
    operationId: 'changeAddress',
    method: 'put',
    path: '/v1/users/me/addresses/{addressId}',
    owner: 'user',
    summary: 'Replace an address',
    scope: scopes.profile,
    versioned: true,
    body: addressBody,
    success: ok(addressView, 'Replaced'),
  },
  {
    operationId: 'removeAddress',
    method: 'delete',
    path: '/v1/users/me/addresses/{addressId}',
    owner: 'user',
    summary: 'Remove an address',
    scope: scopes.profile,
    versioned: true,
    success: { status: 204, description: 'Removed' },
  },
  {
    operationId: 'listProducts',
    method: 'get',
    path: '/v1/products',
    owner: 'order',
    summary: 'List products',
    query: pageQuery,
    success: ok(productPage),
    errors: ['CURSOR_INVALID'],
  },
  {
    operationId: 'getProduct',
    method: 'get',
    path: '/v1/products/{productId}',
    owner: 'order',
    summary: 'Read a product',
    success: ok(productView),
  },
  {
    operationId: 'setStock',
    method: 'put',
    path: '/v1/products/{productId}/stock',
    owner: 'order',
    summary: 'Set how many of a product are available',
    scope: scopes.catalogWrite,
    versioned: true,
    body: setStockBody,
    success: ok(productView, 'Changed'),
  },
  {
    operationId: 'placeOrder',
    method: 'post',
    path: '/v1/orders',
    owner: 'order',
    summary: 'Place an order',
    scope: scopes.orders,
    idempotent: true,
    body: placeOrderBody,
    success: accepted(orderView),
    errors: ['PRODUCT_UNKNOWN', 'OUT_OF_STOCK', 'CURRENCY_MIXED', 'ADDRESS_UNKNOWN'],
  },
  {
    operationId: 'listOrders',
    method: 'get',
    path: '/v1/orders',
    owner: 'order',
    summary: 'List the own orders',
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
    summary: 'Read an order',
    scope: scopes.orders,
    success: ok(orderView),
  },
  {
    operationId: 'cancelOrder',
    method: 'post',
    path: '/v1/orders/{orderId}/cancel',
    owner: 'order',
    summary: 'Cancel an order; captured money is refunded',
    scope: scopes.orders,
    idempotent: true,
    body: cancelOrderBody,
    success: accepted(orderView),
    errors: ['ORDER_NOT_CANCELLABLE'],
  },
  {
    operationId: 'getOrderOverview',
    method: 'get',
    path: '/v1/orders/{orderId}/overview',
    owner: 'gateway',
    summary: 'An order with its payment and its customer; each part may be missing and says why',
    scope: scopes.orders,
    success: ok(orderOverview),
  },
  {
    operationId: 'followOrder',
    method: 'get',
    path: '/v1/orders/{orderId}/events',
    owner: 'gateway',
    summary: 'The events of an order as they happen (server-sent events)',
    scope: scopes.orders,
    success: { status: 200, description: 'A stream that stays open', body: z.string(), mediaType: 'text/event-stream' },
  },
  {
    operationId: 'getPayment',
    method: 'get',
    path: '/v1/payments/{paymentId}',
    owner: 'payment',
    summary: 'Read a payment',
    scope: scopes.payments,
    success: ok(paymentView),
  },
  {
    operationId: 'receivePspWebhook',
    method: 'post',
    path: '/webhooks/psp',
    owner: 'payment',
    summary: 'Where the payment provider reports; signed with `PSP-Signature`',
    body: pspWebhookBody,
    success: { status: 204, description: 'Stored' },
    errors: ['SIGNATURE_INVALID', 'SIGNATURE_TOO_OLD'],
  },
];

const anyRoute: readonly ErrorCode[] = [
  'MALFORMED_REQUEST',
  'VALIDATION_FAILED',
  'RATE_LIMITED',
  'DEPENDENCY_UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'INTERNAL',
];

/** Every error code that a route can answer with. */
export function errorCodesOf(route: RouteDefinition): readonly ErrorCode[] {
  return [
    ...anyRoute,
    ...(route.path.includes('{') ? (['NOT_FOUND'] as const) : []),
    ...(route.body ? (['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const) : []),
    ...(route.scope ? (['TOKEN_MISSING', 'TOKEN_INVALID', 'TOKEN_EXPIRED', 'SCOPE_MISSING'] as const) : []),
    ...(route.idempotent
      ? ([
          'IDEMPOTENCY_KEY_REQUIRED',
          'IDEMPOTENCY_KEY_INVALID',
          'IDEMPOTENCY_KEY_REUSED',
          'IDEMPOTENCY_KEY_IN_FLIGHT',
        ] as const)
      : []),
    ...(route.versioned ? (['IF_MATCH_REQUIRED', 'VERSION_STALE'] as const) : []),
    ...(route.errors ?? []),
  ];
}

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
