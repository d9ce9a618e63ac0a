import {
  Inject,
  Module,
  Optional,
  type DynamicModule,
  type InjectionToken,
  type OnApplicationShutdown,
  type Provider,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { CallStatistics } from '@causeway/telemetry';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Agent } from 'undici';
import { Balancer } from '../balancer.js';
import { dnsResolver, type DnsResolverOptions } from '../dns/dns-resolver.js';
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

interface AnnouncedHost {
  readonly stopping: AbortSignal;
  readonly statistics?: CallStatistics;
}

interface AnnouncedRpcs {
  readonly served: readonly {
    readonly definition: { readonly subject: string };
    readonly statistics: CallStatistics;
  }[];
}

export interface DiscoveryModuleOptions {
  readonly settings: DiscoverySettings;
  /** The name under which this service announces itself. */
  readonly service: string;
  /** Semantic version. Default 0.0.0. */
  readonly version?: string;
  /** Commit of the build, announced beside the version. */
  readonly commit?: string;
  /** Default: `<service>-<pid>`. */
  readonly instanceId?: string;
  /**
   * The token of the NatsConnection of a global module. Needed for DISCOVERY_MODE=nats; in any other mode the instance
   * announces itself where there is one.
   */
  readonly nats?: InjectionToken;
  /**
   * The token of a value that knows when the process is asked to stop, such as HostState: the departure is announced
   * right then. With `statistics`, STATS has what was served over HTTP.
   */
  readonly host?: InjectionToken<AnnouncedHost>;
  /** The token of a value that knows the RPCs, such as JetStreamServer: `nats micro info` and `stats` list them. */
  readonly rpcs?: InjectionToken<AnnouncedRpcs>;
  /** False: finds others without announcing itself. Default true. */
  readonly announce?: boolean;
  /**
   * The services that this one calls. Default none: others find it, but it calls no service; then nothing is provided,
   * and no service is pinged once a second.
   */
  readonly find?: readonly string[];
}

/**
 * Provides {@link ServiceClient}, {@link Balancer}, RESOLVER and HTTP_AGENT to every module, and announces this
 * instance, whatever the mode, where there is a NATS connection.
 */
@Module({})
export class DiscoveryModule implements OnApplicationShutdown {
  constructor(
    @Optional() @Inject(RESOLVER) private readonly resolver: Resolver | undefined,
    @Optional() @Inject(HTTP_AGENT) private readonly agent: Agent | undefined,
    @Optional() @Inject(Balancer) private readonly balancer: Balancer | undefined,
  ) {}

  static forRoot(options: DiscoveryModuleOptions): DynamicModule {
    const { announce = true, find = [], settings } = options;
    const finds = find.length > 0;
    return {
      module: DiscoveryModule,
      global: true,
      providers: [
        ...(announce && (options.nats !== undefined || settings.DISCOVERY_MODE === 'nats') ? [announcer(options)] : []),
        ...(finds ? [resolver(options), ...clientProviders] : []),
      ],
      exports: finds ? [RESOLVER, HTTP_AGENT, Balancer, ServiceClient] : [],
    };
  }

  /** After the HTTP server has closed: requests in flight still call other services. */
  async onApplicationShutdown(): Promise<void> {
    this.balancer?.close();
    await this.resolver?.close();
    await this.agent?.close();
  }
}

const clientProviders: Provider[] = [
  { provide: HTTP_AGENT, useFactory: () => createHttpAgent() },
  { provide: Balancer, useFactory: (resolver: Resolver) => new Balancer(resolver), inject: [RESOLVER] },
  {
    provide: ServiceClient,
    useFactory: (balancer: Balancer, agent: Agent) => new ServiceClient(balancer, agent),
    inject: [Balancer, HTTP_AGENT],
  },
];

function resolver(options: DiscoveryModuleOptions): Provider {
  const { settings, find = [] } = options;
  if (settings.DISCOVERY_MODE === 'static') {
    return { provide: RESOLVER, useFactory: () => staticResolver(settings.DISCOVERY_STATIC) };
  }
  if (settings.DISCOVERY_MODE === 'dns') {
    const dns: DnsResolverOptions = {
      services: find,
      template: settings.DISCOVERY_DNS_URL,
      domain: settings.DISCOVERY_DNS_DOMAIN,
      servers: settings.DISCOVERY_DNS_SERVERS,
      pollMs: settings.DISCOVERY_POLL_MS,
      maxAgeMs: settings.DISCOVERY_DNS_MAX_AGE_MS,
    };
    return { provide: RESOLVER, useFactory: () => dnsResolver(dns) };
  }
  return {
    provide: RESOLVER,
    useFactory: (nc: NatsConnection) => natsResolver(nc, { services: find, pollMs: settings.DISCOVERY_POLL_MS }),
    inject: [connectionOf(options)],
  };
}

function announcer(options: DiscoveryModuleOptions): Provider {
  const { settings, service, commit, version = '0.0.0', instanceId = `${service}-${process.pid}` } = options;
  const create = (
    adapterHost: HttpAdapterHost,
    nc?: NatsConnection,
    host?: AnnouncedHost,
    rpcs?: AnnouncedRpcs,
  ): Announcer | undefined =>
    nc &&
    new Announcer(nc, adapterHost, {
      service,
      version,
      commit,
      instanceId,
      zone: settings.DISCOVERY_ZONE,
      advertiseUrl: settings.DISCOVERY_ADVERTISE_URL,
      endpoints: () => rpcs?.served.map((rpc) => endpointOf(service, rpc)) ?? [],
      statistics: host?.statistics,
      stopping: host?.stopping,
    });
  const required = settings.DISCOVERY_MODE === 'nats';
  const optional = (token: InjectionToken | undefined) => ({ token: token ?? absent, optional: true });
  return {
    provide: Announcer,
    useFactory: create,
    inject: [
      HttpAdapterHost,
      required ? connectionOf(options) : optional(options.nats),
      optional(options.host),
      optional(options.rpcs),
    ],
  };
}

/** A token that nobody provides. */
const absent = Symbol('causeway.discovery.absent');

/** `user.rpc.get-address.v1` is the endpoint `get-address-v1`: names of the protocol have no dots. */
const endpointOf = (
  service: string,
  { definition, statistics }: AnnouncedRpcs['served'][number],
): AnnouncedEndpoint => ({
  name: definition.subject.split('.').slice(2).join('-') || definition.subject.replaceAll('.', '-'),
  subject: definition.subject,
  queueGroup: service,
  statistics,
});

function connectionOf({ nats }: DiscoveryModuleOptions): InjectionToken {
  if (nats === undefined)
    throw new Error('DISCOVERY_MODE=nats needs the option `nats`: the token of the NatsConnection');
  return nats;
}
