import {
  Inject,
  Module,
  type DynamicModule,
  type InjectionToken,
  type OnApplicationShutdown,
  type Provider,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Agent } from 'undici';
import { Balancer } from '../balancer.js';
import { createHttpAgent } from '../http-agent.js';
import type { AnnouncedEndpoint } from '../nats/announce.js';
import { natsResolver } from '../nats/nats-resolver.js';
import { staticResolver, type Resolver } from '../resolver.js';
import { ServiceClient } from '../service-client.js';
import type { DiscoverySettings } from '../settings.js';
import { Announcer } from './announcer.js';

/** Injects the {@link Resolver}. */
export const RESOLVER = Symbol('causeway.discovery.resolver');
/** Injects the shared undici Agent. */
export const HTTP_AGENT = Symbol('causeway.discovery.http-agent');

export interface DiscoveryModuleOptions {
  readonly settings: DiscoverySettings;
  /** The name under which this service announces itself. */
  readonly service: string;
  /** Semantic version. Default 0.0.0. */
  readonly version?: string;
  /** Default: `<service>-<pid>`. */
  readonly instanceId?: string;
  /** The token of the NatsConnection of a global module; needed for DISCOVERY_MODE=nats. */
  readonly nats?: InjectionToken;
  /** NATS subjects that the service answers, for `nats micro info`. */
  readonly endpoints?: readonly AnnouncedEndpoint[];
  /** False: finds others, and stays unknown itself. Default true. */
  readonly announce?: boolean;
}

/** Provides {@link ServiceClient}, {@link Balancer}, RESOLVER and HTTP_AGENT to every module, and announces this instance in mode `nats`. */
@Module({})
export class DiscoveryModule implements OnApplicationShutdown {
  constructor(
    @Inject(RESOLVER) private readonly resolver: Resolver,
    @Inject(HTTP_AGENT) private readonly agent: Agent,
    @Inject(Balancer) private readonly balancer: Balancer,
  ) {}

  static forRoot(options: DiscoveryModuleOptions): DynamicModule {
    return {
      module: DiscoveryModule,
      global: true,
      providers: [
        ...(options.settings.DISCOVERY_MODE === 'nats' ? natsProviders(options) : staticProviders(options)),
        { provide: HTTP_AGENT, useFactory: () => createHttpAgent() },
        { provide: Balancer, useFactory: (resolver: Resolver) => new Balancer(resolver), inject: [RESOLVER] },
        {
          provide: ServiceClient,
          useFactory: (balancer: Balancer, agent: Agent) => new ServiceClient(balancer, agent),
          inject: [Balancer, HTTP_AGENT],
        },
      ],
      exports: [RESOLVER, HTTP_AGENT, Balancer, ServiceClient],
    };
  }

  /** After the HTTP server has closed: requests in flight still call other services. */
  async onApplicationShutdown(): Promise<void> {
    this.balancer.close();
    await this.resolver.close();
    await this.agent.close();
  }
}

const staticProviders = ({ settings }: DiscoveryModuleOptions): Provider[] => [
  { provide: RESOLVER, useFactory: () => staticResolver(settings.DISCOVERY_STATIC) },
];

function natsProviders(options: DiscoveryModuleOptions): Provider[] {
  const { settings, nats, service, announce = true, endpoints } = options;
  if (nats === undefined)
    throw new Error('DISCOVERY_MODE=nats needs the option `nats`: the token of the NatsConnection');
  const announcer: Provider = {
    provide: Announcer,
    useFactory: (nc: NatsConnection, adapterHost: HttpAdapterHost) =>
      new Announcer(nc, adapterHost, {
        service,
        version: options.version ?? '0.0.0',
        instanceId: options.instanceId ?? `${service}-${process.pid}`,
        advertiseUrl: settings.DISCOVERY_ADVERTISE_URL,
        endpoints,
      }),
    inject: [nats, HttpAdapterHost],
  };
  return [
    {
      provide: RESOLVER,
      useFactory: (nc: NatsConnection) => natsResolver(nc, { pollMs: settings.DISCOVERY_POLL_MS }),
      inject: [nats],
    },
    ...(announce ? [announcer] : []),
  ];
}
