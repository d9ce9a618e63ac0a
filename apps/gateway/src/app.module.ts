import { Balancer, HTTP_AGENT, sendThrough, ServiceClient } from '@causeway/discovery';
import { NATS } from '@causeway/messaging';
import { HostState } from '@causeway/service-host';
import { Module } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Dispatcher } from 'undici';
import { OrderEventHub } from './order-events/order-event-hub.js';
import { OrderEventsController } from './order-events/order-events.controller.js';
import { OverviewController } from './overview/overview.controller.js';
import { Forwarder } from './proxy/forwarder.js';
import { Upstream } from './upstream/upstream.js';

/** The composition root. `service.ts` adds what the capabilities provide. */
@Module({
  // demo
  controllers: [OverviewController, OrderEventsController],
  // end demo
  providers: [
    // demo
    {
      provide: OrderEventHub,
      inject: [NATS, HostState],
      useFactory: (nats: NatsConnection, host: HostState) => new OrderEventHub(nats, host.stopping),
    },
    { provide: Upstream, inject: [ServiceClient], useFactory: (client: ServiceClient) => new Upstream(client) },
    // end demo
    {
      provide: Forwarder,
      inject: [Balancer, HTTP_AGENT],
      useFactory: (balancer: Balancer, agent: Dispatcher) => new Forwarder(balancer, sendThrough(agent)),
    },
  ],
})
export class AppModule {}
