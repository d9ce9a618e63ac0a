import { id, orderView, scopes, type OrderView } from '@causeway/contracts';
import { RequireScope } from '@causeway/auth';
import { HostState, RequestDeadline, ZodParams } from '@causeway/service-host';
import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { SETTINGS, type GatewaySettings } from '../config.js';
import { Upstream } from '../upstream/upstream.js';
import { OrderEventHub, type OrderEvent } from './order-event-hub.js';

const params = z.object({ orderId: id });

/** `GET /v1/orders/{orderId}/events`: first the order as it is, then what happens to it. */
@Controller()
export class OrderEventsController {
  constructor(
    private readonly hub: OrderEventHub,
    private readonly upstream: Upstream,
    private readonly host: HostState,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
  ) {}

  @Get('/v1/orders/:orderId/events')
  @RequireScope(scopes.orders)
  @RequestDeadline('none')
  async follow(
    @ZodParams(params) { orderId }: z.infer<typeof params>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    // Following begins before the order is read: what happens in between is kept, and sent after the snapshot where it is newer.
    const early: OrderEvent[] = [];
    let stream: EventStream | undefined;
    const unfollow = this.hub.follow(orderId, {
      onEvent: (event) => (stream ? stream.event(event) : early.push(event)),
      onGap: () => stream?.end(),
    });
    try {
      const order = await this.upstream.read(
        'order',
        `/v1/orders/${orderId}`,
        orderView,
        request.headers.authorization,
      );
      stream = new EventStream(reply, order, this.settings);
    } catch (error) {
      unfollow();
      throw error;
    }
    const end = () => stream?.end();
    this.host.stopping.addEventListener('abort', end);
    reply.raw.once('close', () => {
      unfollow();
      stream?.end();
      this.host.stopping.removeEventListener('abort', end);
    });
    for (const event of early) stream.event(event);
    if (this.host.isStopping || reply.raw.destroyed) end();
  }
}

/** One open answer of type `text/event-stream` (WHATWG HTML, section 9.2). */
class EventStream {
  private readonly timers: NodeJS.Timeout[];
  private version: number;
  private ended = false;

  constructor(
    private readonly reply: FastifyReply,
    order: OrderView,
    settings: GatewaySettings,
  ) {
    this.version = order.version;
    reply.hijack();
    reply.raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    });
    this.write('snapshot', order.version, order);
    this.timers = [
      setInterval(() => this.reply.raw.write(': still here\n\n'), settings.ORDER_EVENTS_HEARTBEAT_MS),
      setTimeout(() => this.end(), settings.ORDER_EVENTS_MAX_MS),
    ];
  }

  /** Events that the client has seen the result of already are left out. */
  event(event: OrderEvent): void {
    if (event.version <= this.version) return;
    this.version = event.version;
    this.write('order', event.version, event);
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    for (const timer of this.timers) clearInterval(timer);
    this.reply.raw.end();
  }

  private write(name: string, version: number, data: unknown): void {
    if (this.ended) return;
    this.reply.raw.write(`id: ${version}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }
}
