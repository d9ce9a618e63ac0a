import { AuthModule } from '@causeway/auth';
import { forwardedServices } from '@causeway/contracts';
import { Balancer, DiscoveryModule, HTTP_AGENT, ServiceClient } from '@causeway/discovery';
import { MessagingModule, NATS } from '@causeway/messaging';
import { HostState } from '@causeway/service-host';
import { Module, type DynamicModule, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Dispatcher } from 'undici';
import { SETTINGS, type GatewaySettings } from './config.js';
import { OrderEventHub } from './order-events/order-event-hub.js';
import { OrderEventsController } from './order-events/order-events.controller.js';
import { OverviewController } from './overview/overview.controller.js';
import { Forwarder } from './proxy/forwarder.js';
import { Upstream } from './upstream/upstream.js';
import { version } from './version.js';

/** The composition root. */
@Module({})
export class AppModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(private readonly hub: OrderEventHub) {}

  static with(settings: GatewaySettings): DynamicModule {
    return {
      module: AppModule,
      imports: [
        MessagingModule.forRoot({ service: 'gateway', settings, outbox: false }),
        DiscoveryModule.forRoot({
          settings,
          service: 'gateway',
          version,
          instanceId: settings.INSTANCE_ID,
          nats: NATS,
          find: forwardedServices,
          host: HostState,
        }),
        AuthModule.forRoot(settings),
      ],
      controllers: [OverviewController, OrderEventsController],
      providers: [
        { provide: SETTINGS, useValue: settings },
        {
          provide: OrderEventHub,
          inject: [NATS, HostState],
          useFactory: (nats: NatsConnection, host: HostState) => new OrderEventHub(nats, host.stopping),
        },
        { provide: Upstream, inject: [ServiceClient], useFactory: (client: ServiceClient) => new Upstream(client) },
        {
          provide: Forwarder,
          inject: [Balancer, HTTP_AGENT],
          useFactory: (balancer: Balancer, agent: Dispatcher) => new Forwarder(balancer, agent),
        },
      ],
    };
  }

  onApplicationBootstrap(): void {
    this.hub.start();
  }

  /** Nobody waits for answers that have no end. */
  onModuleDestroy(): void {
    this.hub.endAll();
  }
}
