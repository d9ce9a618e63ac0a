import { CurrentUser, RequireOneScope, type Principal } from '@causeway/auth';
import { id, scopes, type OrderChange, type OrderView } from '@causeway/contracts';
import { RequestDeadline, ZodParams, SETTINGS } from '@causeway/service-host';
import { getLogger, noteIds } from '@causeway/telemetry';
import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { GatewaySettings } from '../config.js';
import { historyOf, orderOf } from '../upstream/order-resources.js';
import { Upstream, type Resource } from '../upstream/upstream.js';
import { EventStream } from './event-stream.js';
import { lastSeen, missedChanges } from './missed-changes.js';
import { OrderEventHub } from './order-event-hub.js';
import { StreamSlots } from './stream-slots.js';

const params = z.object({ orderId: id });

/** What the resources of one stream are read with. */
type Reader = Pick<Resource<unknown>, 'authorization' | 'signal'>;

const log = getLogger('order-events');

/**
 * `GET /v1/orders/{orderId}/events`: the order as it is, then each change. A client that reconnects first gets the
 * changes that it missed.
 */
@Controller()
export class OrderEventsController {
  private readonly slots: StreamSlots;

  constructor(
    private readonly hub: OrderEventHub,
    private readonly upstream: Upstream,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
  ) {
    this.slots = new StreamSlots(settings.ORDER_EVENTS_MAX_STREAMS, settings.ORDER_EVENTS_MAX_STREAMS_IN_ALL);
  }

  @Get('/v1/orders/:orderId/events')
  @RequireOneScope(scopes.orders, scopes.ordersReadAny)
  @RequestDeadline('none')
  async follow(
    @ZodParams(params) { orderId }: z.infer<typeof params>,
    @CurrentUser() { subject, expiresAt }: Principal,
    @Req() { headers, method, signal }: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    noteIds({ orderId });
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
      const reader = { authorization: headers.authorization, signal };
      const order = await this.upstream.read({ ...orderOf(orderId), ...reader });
      const missed = await this.missedBy(lastSeen(headers['last-event-id']), order, reader);
      reply.hijack();
      if (reply.raw.destroyed) return; // the client disconnected in the meantime
      const times = { heartbeatMs: this.settings.ORDER_EVENTS_HEARTBEAT_MS, maxMs: this.lifeMs(expiresAt) };
      stream = new EventStream(reply.raw, order, times, missed);
      for (const event of early) stream.event(event);
      if (gap || method === 'HEAD') stream.end();
    } catch (error) {
      release();
      if (!signal.aborted) throw error;
      reply.hijack(); // the client has left: there is no one to answer
    }
  }

  /**
   * The history is read after the order, so it has every change up to the snapshot. Without it the snapshot has to do:
   * it is what the client needs most.
   */
  private async missedBy(seen: number | undefined, order: OrderView, reader: Reader): Promise<readonly OrderChange[]> {
    if (seen === undefined || seen >= order.version) return [];
    try {
      const history = await this.upstream.read({ ...historyOf(order.id), ...reader });
      return missedChanges(order, history, seen);
    } catch (error) {
      if (reader.signal.aborted) throw error;
      log.warn({ err: error, orderId: order.id }, 'order history cannot be read; the stream begins with the order');
      return [];
    }
  }

  /** A stream must not outlive the token that opened it. */
  private lifeMs(expiresAt = Number.POSITIVE_INFINITY): number {
    return Math.max(0, Math.min(this.settings.ORDER_EVENTS_MAX_MS, expiresAt * 1_000 - Date.now()));
  }
}
