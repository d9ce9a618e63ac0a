import { CurrentUser, RequireScope, ScopeMissing, type Principal } from '@causeway/auth';
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
} from '@causeway/contracts';
import { NotFound } from '@causeway/errors';
import { etag } from '@causeway/persistence';
import { IdempotencyKey, sendStored, ZodBody, ZodParams, ZodQuery } from '@causeway/service-host';
import { about, noteIds } from '@causeway/telemetry';
import { Controller, Get, Inject, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { CancelOrder } from '../../application/cancel-order.js';
import { PlaceOrder, type PlacedOrder } from '../../application/place-order.js';
import type { OrderBook } from '../../application/ports.js';
import { ORDER_BOOK } from '../../tokens.js';

const orderParams = z.object({ orderId: id });

@Controller('v1/orders')
@RequireScope(scopes.orders)
export class OrdersController {
  constructor(
    private readonly placeOrder: PlaceOrder,
    private readonly cancelOrder: CancelOrder,
    @Inject(ORDER_BOOK) private readonly orders: OrderBook,
  ) {}

  @Post()
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
    const { items, nextCursor } = await this.orders.list(customerOf(user), query);
    return { items: items.map((order) => orderView.parse(order)), nextCursor };
  }

  @Get(':orderId')
  async read(
    @CurrentUser() user: Principal,
    @ZodParams(orderParams) params: { orderId: string },
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OrderView> {
    const order = await about({ orderId: params.orderId }, () => this.orders.find(customerOf(user), params.orderId));
    if (!order) throw new NotFound(`order ${params.orderId}`);
    reply.header('etag', etag(order.version));
    return orderView.parse(order);
  }

  @Get(':orderId/history')
  async history(
    @CurrentUser() user: Principal,
    @ZodParams(orderParams) params: { orderId: string },
  ): Promise<OrderHistory> {
    const items = await this.orders.history(customerOf(user), params.orderId);
    if (!items) throw new NotFound(`order ${params.orderId}`);
    return { items: [...items] };
  }

  @Post(':orderId/cancel')
  async cancel(
    @CurrentUser() user: Principal,
    @IdempotencyKey() idempotencyKey: string,
    @ZodParams(orderParams) params: { orderId: string },
    @ZodBody(cancelOrderBody) body: CancelOrderBody,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const request = { customerId: customerOf(user), orderId: params.orderId, idempotencyKey, ...body };
    accept(reply, await about({ orderId: params.orderId }, () => this.cancelOrder.execute(request)));
  }
}

/** 202: the order is accepted. `Location` shows what becomes of its payment. */
function accept(reply: FastifyReply, { order, replayed }: PlacedOrder): void {
  noteIds({ orderId: order.id });
  const headers = { location: `/v1/orders/${order.id}`, etag: etag(order.version) };
  sendStored(reply, { status: 202, headers, body: orderView.parse(order) }, replayed);
}

/** Customers are people, identified by the UUID of their account. A machine with the scope has no orders of its own. */
function customerOf({ subject }: Principal): string {
  if (!id.safeParse(subject).success) throw new ScopeMissing(scopes.orders);
  return subject;
}
