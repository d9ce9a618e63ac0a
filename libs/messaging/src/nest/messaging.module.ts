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
  /** Name of the service, as in the topology: `user`. */
  readonly service: string;
  readonly settings: NatsSettings;
  /** Whether to run the outbox relay. Default: when the application has a PersistenceModule, or `pool` is given. */
  readonly outbox?: boolean;
  /** Where the relay gets its connection parameters; it opens its own connection. Default: PersistenceModule's pool. */
  readonly pool?: pg.Pool;
  /** The consumers of all services. Default: the topology of `@causeway/contracts`. */
  readonly consumers?: readonly ConsumerDefinition[];
  /** For tests: shorter limits. */
  readonly processor?: ProcessorOptions;
  /** Ends the wait for NATS at start. */
  readonly signal?: AbortSignal;
}

const log = getLogger('messaging');
const drainTimeoutMs = 5_000;

/**
 * Stops in this order: no new messages, and running handlers finish; then HTTP requests finish, and the relay is still
 * running, because they commit messages; then the relay publishes the last ones, and the connection is drained.
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
      drainTimeoutMs,
      this.nc.drain().catch(() => undefined),
    );
    if (this.nc.isClosed()) return;
    // While NATS is away a drain does not end, and a connection that keeps reconnecting would keep the process alive.
    log.warn('NATS connection not drained within 5 s; closing it');
    await this.nc.close();
  }
}

/**
 * The messaging of a service: the connection to NATS, `RpcClient`, `OutboxRelay`, and the transport for `@Handles` and
 * `@HandlesRpc`. Start-up waits for NATS, with a log line every 5 s.
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
        await nc.close(); // or it would keep alive a process that refuses to start
        throw new Error(`${service} asks for an outbox but has no database: add PersistenceModule, or pass a pool`);
      }
      const used = publishedStreams(service);
      await keeper.need({ streams: streams.filter(({ name }) => used.includes(name)), consumers: [] });
      return new OutboxRelay({
        service,
        // `pg` hides the password from enumeration, so the spread leaves it out.
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

/** The streams of the service's own events, and of all commands: any service may send those. */
function publishedStreams(service: string): string[] {
  const published = messages.filter(({ kind, owner }) => kind === 'command' || owner === service);
  return [...new Set(published.map(({ subject }) => streamOf(subject).name))];
}

/** The transport of an application with MessagingModule, for `app.connectMicroservice({ strategy })`. */
export const jetStreamServer = (app: INestApplicationContext): JetStreamServer =>
  app.get(JetStreamServer, { strict: false });
