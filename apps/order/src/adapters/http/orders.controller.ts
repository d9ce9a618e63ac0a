import {
  CurrentUser,
  reachOf,
  RequireOneScope,
  RequireScope,
  ScopeMissing,
  type Principal,
  type Reach,
} from '@causeway/auth';
import {
  cancelOrderBody,
  id,
  orderListQuery,
  orderView,
  placeOrderBody,
  scopes,
  type CancelOrderBody,
  type OrderHistory,
  type OrderListQuery,
  type OrderView,
  type Page,
  type PlaceOrderBody,
  type Scope,
} from '@causeway/contracts';
import { etag } from '@causeway/persistence';
import { IdempotencyKey, sendStored, ZodBody, ZodParams, ZodQuery } from '@causeway/service-host';
import { about, noteIds } from '@causeway/telemetry';
import { Controller, Get, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { CancelOrder } from '../../application/cancel-order.js';
import { PlaceOrder, type PlacedOrder } from '../../application/place-order.js';
import { ReadOrders } from '../../application/read-orders.js';

const orderParams = z.object({ orderId: id });

@Controller('v1/orders')
@RequireOneScope(scopes.orders, scopes.ordersReadAny)
export class OrdersController {
  constructor(
    private readonly placeOrder: PlaceOrder,
    private readonly cancelOrder: CancelOrder,
    private readonly orders: ReadOrders,
  ) {}

  @Post()
  @RequireScope(scopes.orders)
  async place(
    @CurrentUser() user: Principal,
    @IdempotencyKey() idempotencyKey: string,
    @ZodBody(placeOrderBody) body: PlaceOrderBody,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    accept(reply, await this.placeOrder.execute({ customerId: customerOf(user), idempotencyKey, body }));
  }

  @Get()
  async list(
    @CurrentUser() user: Principal,
    @ZodQuery(orderListQuery) query: OrderListQuery,
  ): Promise<Page<OrderView>> {
    const { items, nextCursor } = await this.orders.list(query, readBy(user));
    return { items: items.map((order) => orderView.parse(order)), nextCursor };
  }

  @Get(':orderId')
  async read(
    @CurrentUser() user: Principal,
    @ZodParams(orderParams) params: { orderId: string },
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OrderView> {
    const order = await about({ orderId: params.orderId }, () => this.orders.one(params.orderId, readBy(user)));
    reply.header('etag', etag(order.version));
    return orderView.parse(order);
  }

  @Get(':orderId/history')
  async history(
    @CurrentUser() user: Principal,
    @ZodParams(orderParams) params: { orderId: string },
  ): Promise<OrderHistory> {
    return { items: [...(await this.orders.history(params.orderId, readBy(user)))] };
  }

  @Post(':orderId/cancel')
  @RequireOneScope(scopes.orders, scopes.paymentsRefund)
  async cancel(
    @CurrentUser() user: Principal,
    @IdempotencyKey() idempotencyKey: string,
    @ZodParams(orderParams) params: { orderId: string },
    @ZodBody(cancelOrderBody) body: CancelOrderBody,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const reach = reachFor(user, scopes.paymentsRefund);
    const request = { reach, orderId: params.orderId, idempotencyKey, ...body };
    accept(reply, await about({ orderId: params.orderId }, () => this.cancelOrder.execute(request)));
  }
}

/** 202: the order is accepted. `Location` shows what becomes of its payment. */
function accept(reply: FastifyReply, { order, replayed }: PlacedOrder): void {
  noteIds({ orderId: order.id });
  const headers = { location: `/v1/orders/${order.id}`, etag: etag(order.version) };
  sendStored(reply, { status: 202, headers, body: orderView.parse(order) }, replayed);
}

function reachFor(user: Principal, staffScope: Scope): Reach {
  const reach = reachOf(user, staffScope);
  return reach.everybody ? reach : { ...reach, callerId: customerOf(user) };
}
const readBy = (user: Principal): Reach => reachFor(user, scopes.ordersReadAny);

/** Customers are people, identified by the UUID of their account. A machine with the scope has no orders of its own. */
function customerOf({ subject }: Principal): string {
  if (!id.safeParse(subject).success) throw new ScopeMissing(scopes.orders);
  return subject;
}
