import type { ErrorCode } from '@causeway/errors';
import { z } from 'zod';
import { id } from '../values.js';
import { scopes, type Scope } from './headers.js';
import {
  cancelOrderBody,
  orderHistory,
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
import { beyondTheGateway } from './route-errors.js';
import {
  addressBody,
  addressList,
  addressView,
  changePasswordBody,
  changeUserBody,
  registerUserBody,
  sessionList,
  userView,
} from './users.js';

export type HttpMethod = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** `gateway` where the gateway composes the response itself. */
export type RouteOwner =
  | 'gateway'
  // demo
  | 'order'
  | 'payment'
  // end demo
  | 'user';

/** One public operation. The gateway routes by these definitions, and the OpenAPI document is generated from them. */
export interface RouteDefinition {
  readonly operationId: string;
  readonly method: HttpMethod;
  /** With OpenAPI placeholders: `/v1/users/me/addresses/{addressId}`. */
  readonly path: string;
  /** The service that handles it. */
  readonly owner: RouteOwner;
  /** What it does, for the list of operations: "Gets an address". */
  readonly summary: string;
  /** Scope the access token must have; absent for public routes. `authorisation.ts` says who may do what. */
  readonly scope?: Scope;
  /** Also opens the route, and to everybody’s resources instead of the caller’s own. */
  readonly staffScope?: Scope;
  /** Requires an `Idempotency-Key`. */
  readonly idempotent?: boolean;
  /** Requires `If-Match`. */
  readonly versioned?: boolean;
  // demo
  /** Authenticated by the payment provider’s `PSP-Signature` instead of a token. */
  readonly signed?: boolean;
  // end demo
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly success: {
    readonly status: number;
    readonly description: string;
    readonly body?: z.ZodType;
    /** Default `application/json`. */
    readonly mediaType?: string;
    /** Headers this response always has, besides those of every response. */
    readonly headers?: readonly ('ETag' | 'Location')[];
  };
  /** Codes this route can return besides those that follow from its other fields. */
  readonly errors?: readonly ErrorCode[];
}

type Success = RouteDefinition['success'];
const ok = (body: z.ZodType, description = 'OK'): Success => ({ status: 200, description, body });
/** One resource, with the version that a later change must name in `If-Match`. */
const one = (body: z.ZodType, description?: string): Success => ({ ...ok(body, description), headers: ['ETag'] });
const created = (body: z.ZodType): Success => ({
  status: 201,
  description: 'Created. `Location` holds the URL of the new resource.',
  body,
  headers: ['ETag', 'Location'],
});
// demo
const accepted = (body: z.ZodType, description: string): Success => ({
  status: 202,
  description,
  body,
  headers: ['ETag', 'Location'],
});
// end demo

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
    summary: 'Gets the customer’s own profile',
    scope: scopes.profile,
    success: one(userView),
    errors: ['NOT_FOUND'],
  },
  {
    operationId: 'getUser',
    method: 'get',
    path: '/v1/users/{userId}',
    owner: 'user',
    summary: 'Gets the profile of any person',
    scope: scopes.usersReadAny,
    success: one(userView),
  },
  {
    operationId: 'changeMe',
    method: 'patch',
    path: '/v1/users/me',
    owner: 'user',
    summary: 'Updates the customer’s own profile',
    scope: scopes.profile,
    versioned: true,
    body: changeUserBody,
    success: one(userView, 'Updated'),
    errors: ['NOT_FOUND'],
  },
  {
    operationId: 'changePassword',
    method: 'put',
    path: '/v1/users/me/password',
    owner: 'user',
    summary: 'Changes the customer’s own password',
    scope: scopes.profile,
    body: changePasswordBody,
    success: { status: 204, description: 'Changed' },
    errors: ['PASSWORD_INCORRECT', 'PASSWORD_TOO_COMMON', 'LOGIN_BUSY', 'NOT_FOUND'],
  },
  {
    operationId: 'confirmEmail',
    method: 'post',
    path: '/v1/users/me/email-confirmation',
    owner: 'user',
    summary: 'Sends the link that confirms the e-mail address again',
    scope: scopes.profile,
    success: { status: 204, description: 'Sent, unless the address is confirmed already' },
  },
  {
    operationId: 'eraseMe',
    method: 'delete',
    path: '/v1/users/me',
    owner: 'user',
    summary: 'Erases the customer’s own account and personal data',
    scope: scopes.profile,
    versioned: true,
    success: { status: 204, description: 'Erased' },
    errors: ['NOT_FOUND', 'SIGN_IN_TOO_OLD'],
  },
  {
    operationId: 'listAddresses',
    method: 'get',
    path: '/v1/users/me/addresses',
    owner: 'user',
    summary: 'Lists the customer’s own addresses',
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
    operationId: 'listSessions',
    method: 'get',
    path: '/v1/users/me/sessions',
    owner: 'user',
    summary: 'Lists the browsers in which the customer is signed in',
    scope: scopes.profile,
    success: ok(sessionList),
  },
  {
    operationId: 'endSession',
    method: 'delete',
    path: '/v1/users/me/sessions/{sessionId}',
    owner: 'user',
    summary: 'Signs the customer out in one browser',
    scope: scopes.profile,
    success: { status: 204, description: 'Ended' },
  },
  // demo
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
    summary: 'Sets the available stock of a product',
    scope: scopes.catalogWrite,
    versioned: true,
    body: setStockBody,
    success: one(productView, 'Updated'),
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
    success: accepted(orderView, 'Accepted. The stock is reserved and the payment is in progress.'),
    errors: ['PRODUCT_UNKNOWN', 'OUT_OF_STOCK', 'CURRENCY_MIXED', 'ADDRESS_UNKNOWN', 'BROKER_UNAVAILABLE'],
  },
  {
    operationId: 'listOrders',
    method: 'get',
    path: '/v1/orders',
    owner: 'order',
    summary: 'Lists the orders of a customer, newest first',
    scope: scopes.orders,
    staffScope: scopes.ordersReadAny,
    query: orderListQuery,
    success: ok(orderPage),
    errors: ['CURSOR_INVALID', 'NOT_FOUND'],
  },
  {
    operationId: 'getOrder',
    method: 'get',
    path: '/v1/orders/{orderId}',
    owner: 'order',
    summary: 'Gets an order',
    scope: scopes.orders,
    staffScope: scopes.ordersReadAny,
    success: one(orderView),
  },
  {
    operationId: 'getOrderHistory',
    method: 'get',
    path: '/v1/orders/{orderId}/history',
    owner: 'order',
    summary: 'Gets the changes of an order, oldest first',
    scope: scopes.orders,
    staffScope: scopes.ordersReadAny,
    success: ok(orderHistory),
  },
  {
    operationId: 'cancelOrder',
    method: 'post',
    path: '/v1/orders/{orderId}/cancel',
    owner: 'order',
    summary: 'Cancels an order and refunds its payment',
    scope: scopes.orders,
    staffScope: scopes.paymentsRefund,
    idempotent: true,
    body: cancelOrderBody,
    success: accepted(orderView, 'Accepted. `status` shows the progress.'),
    errors: ['ORDER_NOT_CANCELLABLE'],
  },
  {
    operationId: 'getOrderOverview',
    method: 'get',
    path: '/v1/orders/{orderId}/overview',
    owner: 'gateway',
    summary: 'Gets an order with its history, its payment and its customer',
    scope: scopes.orders,
    staffScope: scopes.ordersReadAny,
    success: ok(orderOverview),
  },
  {
    operationId: 'followOrder',
    method: 'get',
    path: '/v1/orders/{orderId}/events',
    owner: 'gateway',
    summary: 'Streams changes to an order as they happen',
    scope: scopes.orders,
    staffScope: scopes.ordersReadAny,
    success: {
      status: 200,
      description: 'An event stream that stays open',
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
    staffScope: scopes.paymentsReadAny,
    success: ok(paymentView),
  },
  {
    operationId: 'receivePspWebhook',
    method: 'post',
    path: '/webhooks/psp',
    owner: 'payment',
    summary: 'Receives an event from the payment provider',
    body: pspWebhookBody,
    signed: true,
    success: { status: 204, description: 'Stored, now or by an earlier delivery' },
  },
  // end demo
];

/** The services the gateway forwards requests to, and therefore has to discover. */
export const forwardedServices: readonly string[] = [...new Set(routes.map(({ owner }) => owner))].filter(
  (owner) => owner !== 'gateway',
);

/** Any one of these opens the route; none for a route that needs no token. */
export const scopesOfRoute = ({ scope, staffScope }: Pick<RouteDefinition, 'scope' | 'staffScope'>): readonly Scope[] =>
  [scope, staffScope].filter((each) => each !== undefined);

/** Names of the path parameters, all of which are UUIDs. */
export const pathParametersOf = (path: string): readonly string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
export const pathSchemaOf = (path: string): z.ZodObject =>
  z.object(Object.fromEntries(pathParametersOf(path).map((name) => [name, id])));
