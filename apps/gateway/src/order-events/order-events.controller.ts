import { CurrentUser, RequireScope, type Principal } from '@causeway/auth';
import { id, orderView, scopes, type OrderChange } from '@causeway/contracts';
import { RequestDeadline, ZodParams, SETTINGS } from '@causeway/service-host';
import { noteOrder } from '@causeway/telemetry';
import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { GatewaySettings } from '../config.js';
import { Upstream } from '../upstream/upstream.js';
import { EventStream } from './event-stream.js';
import { OrderEventHub } from './order-event-hub.js';
import { StreamSlots } from './stream-slots.js';

const params = z.object({ orderId: id });

/** `GET /v1/orders/{orderId}/events`: first the order as it is, then each change. */
@Controller()
export class OrderEventsController {
  private readonly slots: StreamSlots;

  constructor(
    private readonly hub: OrderEventHub,
    private readonly upstream: Upstream,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
  ) {
    this.slots = new StreamSlots(settings.ORDER_EVENTS_MAX_STREAMS);
  }

  @Get('/v1/orders/:orderId/events')
  @RequireScope(scopes.orders)
  @RequestDeadline('none')
  async follow(
    @ZodParams(params) { orderId }: z.infer<typeof params>,
    @CurrentUser() { subject, expiresAt }: Principal,
    @Req() { headers, method, signal }: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    noteOrder(orderId);
    const releaseSlot = this.slots.take(subject);
    // Subscribes before the order is read: events in between are buffered, and sent after the snapshot where they are
    // newer.
    const early: OrderChange[] = [];
    let stream: EventStream | undefined;
    let gap = false;
    const unfollow = this.hub.follow(orderId, {
      onEvent: (event) => (stream ? stream.event(event) : early.push(event)),
      onGap: () => (stream ? stream.end() : (gap = true)),
    });
    const release = () => (unfollow(), releaseSlot());
    reply.raw.once('close', release);
    try {
      const order = await this.upstream.read({
        service: 'order',
        path: `/v1/orders/${orderId}`,
        route: '/v1/orders/{orderId}',
        schema: orderView,
        authorization: headers.authorization,
        signal,
      });
      reply.hijack();
      if (reply.raw.destroyed) return; // the client disconnected in the meantime
      stream = new EventStream(reply.raw, order, {
        heartbeatMs: this.settings.ORDER_EVENTS_HEARTBEAT_MS,
        maxMs: this.lifeMs(expiresAt),
      });
      for (const event of early) stream.event(event);
      if (gap || method === 'HEAD') stream.end();
    } catch (error) {
      release();
      if (!signal.aborted) throw error;
      reply.hijack(); // the client has left: there is no one to answer
    }
  }

  /** A stream must not outlive the token that opened it. */
  private lifeMs(expiresAt = Number.POSITIVE_INFINITY): number {
    return Math.max(0, Math.min(this.settings.ORDER_EVENTS_MAX_MS, expiresAt * 1_000 - Date.now()));
  }
}
