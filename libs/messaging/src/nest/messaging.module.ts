import { consumers, messages, streamOf, streams, type ConsumerDefinition } from '@causeway/contracts';
import { PG_POOL, workLimits } from '@causeway/persistence';
import { finishesWithin } from '@causeway/resilience';
import { getLogger } from '@causeway/telemetry';
import type { NatsConnection } from '@nats-io/transport-node';
import {
  Inject,
  Injectable,
  Module,
  Optional,
  type DynamicModule,
  type INestApplicationContext,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import type pg from 'pg';
import { connectNats } from '../connection.js';
import type { ProcessorOptions } from '../consume/processor.js';
import { BrokerHealth } from '../health.js';
import { OutboxRelay } from '../outbox/relay.js';
import { RpcClient } from '../rpc/client.js';
import type { NatsSettings } from '../settings.js';
import { TopologyKeeper } from '../topology/keeper.js';
import { JetStreamServer } from './jetstream-server.js';

/** Token of the `NatsConnection`. */
export const NATS = Symbol('NATS');

export interface MessagingOptions {
  /** Name of the service, as in the topology: `order`. */
  readonly service: string;
  readonly settings: NatsSettings;
  /** Run the outbox relay. Default: where the application has a PersistenceModule (or `pool` is given). */
  readonly outbox?: boolean;
  /** Default: the pool of PersistenceModule. The relay takes its connection parameters, not a connection. */
  readonly pool?: pg.Pool;
  /** Who handles what. Default: the topology of `@causeway/contracts`. */
  readonly consumers?: readonly ConsumerDefinition[];
  /** For tests: shorter limits. */
  readonly processor?: ProcessorOptions;
  /** Ends the waiting for NATS at start. */
  readonly signal?: AbortSignal;
}

const log = getLogger('messaging');
const drainMs = 5_000;

/**
 * Order of the end: stop pulling and await the handlers in flight first; the relay goes on while HTTP requests finish, because
 * they still commit messages; at last it publishes those and the connection is drained.
 */
@Injectable()
class MessagingLifecycle implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  constructor(
    @Inject(NATS) private readonly nc: NatsConnection,
    @Inject(JetStreamServer) private readonly server: JetStreamServer,
    @Inject(TopologyKeeper) private readonly keeper: TopologyKeeper,
    @Optional() @Inject(OutboxRelay) private readonly relay: OutboxRelay | undefined,
  ) {}

  onApplicationBootstrap(): void {
    this.relay?.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.server.close();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.relay?.stop();
    this.keeper.stop();
    if (this.nc.isClosed()) return;
    await finishesWithin(
      drainMs,
      this.nc.drain().catch(() => undefined),
    );
    if (this.nc.isClosed()) return;
    // While NATS is away nothing can be drained, and a connection that goes on reconnecting would keep the process alive.
    log.warn('NATS could not be drained; closing the connection');
    await this.nc.close();
  }
}

/**
 * Messaging of a service: the connection to NATS, `RpcClient`, `OutboxRelay` and the transport for `@Handles` and `@HandlesRpc`.
 * Start-up waits for NATS, with a log line every 5 s.
 */
@Module({})
export class MessagingModule {
  static forRoot(options: MessagingOptions): DynamicModule {
    const { service, settings } = options;
    const keeperOptions = { replicas: settings.NATS_REPLICAS, createMissing: settings.NATS_CREATE_MISSING };
    const connection = { name: service, ...(options.signal && { signal: options.signal }) };
    const providers = [
      { provide: NATS, useFactory: () => connectNats(settings, connection) },
      { provide: BrokerHealth, useFactory: (nc: NatsConnection) => new BrokerHealth(nc), inject: [NATS] },
      {
        provide: TopologyKeeper,
        useFactory: (nc: NatsConnection, health: BrokerHealth) => new TopologyKeeper(nc, health, keeperOptions),
        inject: [NATS, BrokerHealth],
      },
      {
        provide: RpcClient,
        useFactory: (nc: NatsConnection, health: BrokerHealth) => new RpcClient(nc, health),
        inject: [NATS, BrokerHealth],
      },
      {
        provide: JetStreamServer,
        useFactory: (nc: NatsConnection, health: BrokerHealth, keeper: TopologyKeeper, shared?: pg.Pool) =>
          new JetStreamServer({
            service,
            nc,
            health,
            keeper,
            consumers: options.consumers ?? consumers,
            ...concurrencyOf(settings, options.pool ?? shared),
            ...(options.processor && { processor: options.processor }),
          }),
        inject: [NATS, BrokerHealth, TopologyKeeper, { token: PG_POOL, optional: true }],
      },
      relayProvider(options),
    ];
    return {
      module: MessagingModule,
      global: true,
      providers: [...providers, MessagingLifecycle],
      exports: [NATS, BrokerHealth, RpcClient, JetStreamServer, OutboxRelay],
    };
  }
}

function concurrencyOf(settings: NatsSettings, pool: pg.Pool | undefined): { concurrency?: number } {
  const concurrency = settings.MESSAGES_MAX_CONCURRENT ?? (pool && workLimits(pool.options.max).messages);
  return concurrency === undefined ? {} : { concurrency };
}

function relayProvider({ service, settings, outbox, pool: own }: MessagingOptions) {
  return {
    provide: OutboxRelay,
    inject: [NATS, BrokerHealth, TopologyKeeper, { token: PG_POOL, optional: true }],
    useFactory: async (nc: NatsConnection, health: BrokerHealth, keeper: TopologyKeeper, shared?: pg.Pool) => {
      const pool = own ?? shared;
      if (outbox === false || (!pool && outbox === undefined)) return undefined;
      if (!pool) {
        await nc.close(); // nothing may keep a process alive whose start was refused
        throw new Error(`${service} asks for an outbox but has no database: add PersistenceModule, or pass a pool`);
      }
      const used = publishedStreams(service);
      await keeper.need({ streams: streams.filter(({ name }) => used.includes(name)), consumers: [] });
      return new OutboxRelay({
        service,
        // `pg` hides the password from enumeration.
        connection: { ...pool.options, password: pool.options.password },
        nc,
        health,
        keeper,
        streams: used,
        pollMs: settings.OUTBOX_POLL_MS,
        sweepMs: settings.OUTBOX_SWEEP_MS,
        retentionHours: settings.OUTBOX_RETENTION_HOURS,
      });
    },
  };
}

/** A service publishes its own events, and commands of anybody. */
function publishedStreams(service: string): string[] {
  const published = messages.filter(({ kind, owner }) => kind === 'command' || owner === service);
  return [...new Set(published.map(({ subject }) => streamOf(subject).name))];
}

/** The transport of an application that has MessagingModule: `app.connectMicroservice({ strategy: jetStreamServer(app) })`. */
export const jetStreamServer = (app: INestApplicationContext): JetStreamServer =>
  app.get(JetStreamServer, { strict: false });
