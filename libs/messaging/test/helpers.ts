import { once } from 'node:events';
import { connect as connectTo, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { consumers, streams, type ConsumerDefinition } from '@causeway/contracts';
import { declareParcels } from '@causeway/contracts/testing';
import { loadSettings } from '@causeway/config';
import { PgUnitOfWork, persistenceMigrations, sessionConfig, type Transaction } from '@causeway/persistence';
import { createDatabase, startNats, type TestDatabase, type TestNats } from '@causeway/testkit';
import type { NatsConnection } from '@nats-io/transport-node';
import type { INestMicroservice, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { ProcessorOptions } from '../src/consume/processor.js';
import { connectNats } from '../src/connection.js';
import { BrokerHealth } from '../src/health.js';
import { JetStreamServer } from '../src/nest/jetstream-server.js';
import { MessagingModule, NATS } from '../src/nest/messaging.module.js';
import { messagingMigrations } from '../src/migrations.js';
import { Outbox, type OutboxPort } from '../src/outbox/outbox.js';
import { OutboxRelay, type RelayOptions } from '../src/outbox/relay.js';
import { natsSettings, type NatsSettings } from '../src/settings.js';
import { TopologyKeeper } from '../src/topology/keeper.js';
import { provision } from '../src/topology/provision.js';

declareParcels();

type Cleanup = () => unknown;

/** Starts brokers, databases, services and relays for a test, and ends them in the reverse order. */
export class Scene {
  private readonly cleanups: Cleanup[] = [];
  nats!: TestNats;

  after(cleanup: Cleanup): void {
    this.cleanups.unshift(cleanup);
  }

  async end(): Promise<void> {
    for (const cleanup of this.cleanups.splice(0)) await cleanup();
  }

  async broker(): Promise<TestNats> {
    this.nats = await startNats();
    this.after(() => this.nats.stop());
    return this.nats;
  }

  settings(overrides: Readonly<Record<string, string>> = {}): NatsSettings {
    return loadSettings(natsSettings, { NATS_URL: this.nats.url, OUTBOX_POLL_MS: '50', ...overrides });
  }

  async connect(name = 'test'): Promise<NatsConnection> {
    const nc = await connectNats(this.settings(), { name });
    this.after(() => nc.close());
    return nc;
  }

  /** A connection to a broker with the whole topology. */
  async provisioned(): Promise<NatsConnection> {
    const nc = await this.connect();
    await provision(nc, { streams, consumers, replicas: 1 });
    return nc;
  }

  async database(): Promise<TestDatabase> {
    const database = await createDatabase({ migrations: [persistenceMigrations, messagingMigrations] });
    this.after(() => database.drop());
    return database;
  }

  /** Starts a service with these controllers. */
  async service(
    name: string,
    controllers: Type[],
    options: {
      consumers?: ConsumerDefinition[];
      processor?: ProcessorOptions;
      settings?: Record<string, string>;
      database?: TestDatabase;
    } = {},
  ): Promise<INestMicroservice> {
    const module = await Test.createTestingModule({
      imports: [
        MessagingModule.forRoot({
          service: name,
          settings: this.settings(options.settings),
          ...(options.consumers && { consumers: options.consumers }),
          ...(options.processor && { processor: options.processor }),
          ...(options.database && { pool: options.database.pool }),
        }),
      ],
      controllers,
    })
      .setLogger(false as never)
      .compile();
    const app = module.createNestMicroservice({ strategy: module.get(JetStreamServer) });
    let closed: Promise<void> | undefined;
    const close = app.close.bind(app);
    app.close = () => (closed ??= close());
    this.after(() => app.close());
    await app.listen();
    return app;
  }

  /** Starts a relay. */
  async relay(database: TestDatabase, options: Partial<RelayOptions> = {}): Promise<RelayScene> {
    const nc = options.nc ?? (await this.connect('parcel'));
    const health = new BrokerHealth(nc);
    const keeper = new TopologyKeeper(nc, health, { replicas: 1, createMissing: true });
    await keeper.need({ streams, consumers: [] });
    const relay = new OutboxRelay({
      service: 'parcel',
      connection: sessionConfig(database.url),
      nc,
      health,
      keeper,
      streams: ['PARCEL', 'LABEL'],
      pollMs: 50,
      sweepMs: 200,
      ...options,
    });
    relay.start();
    let stopped: Promise<void> | undefined;
    const stop = () => (stopped ??= relay.stop());
    this.after(async () => {
      await stop();
      keeper.stop();
    });
    return { relay, nc, stop };
  }
}

export interface RelayScene {
  readonly relay: OutboxRelay;
  readonly nc: NatsConnection;
  stop(): Promise<void>;
}

export const natsOf = (app: INestMicroservice): NatsConnection => app.get(NATS);

export interface TestTransaction {
  readonly transaction: Transaction;
  readonly outbox: OutboxPort;
}

export const unitOfWork = (
  database: TestDatabase,
  relay: { wake(): void } = { wake: () => undefined },
): PgUnitOfWork<TestTransaction> =>
  new PgUnitOfWork<TestTransaction>(database.pool, (transaction) => ({
    transaction,
    outbox: Outbox.within(transaction, 'parcel', relay),
  }));

/** Reads until `check` holds, and reports the last value when it never does. A read that fails counts as "not yet". */
export async function eventually<T>(
  read: () => T | Promise<T>,
  check: (value: T) => boolean,
  timeoutMs = 20_000,
): Promise<T> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const seen = await Promise.resolve()
      .then(read)
      .then(
        (value) => ({ value }),
        (error: unknown) => ({ error: String(error) }),
      );
    if ('value' in seen && check(seen.value)) return seen.value;
    if (Date.now() > until) throw new Error(`still not true after ${timeoutMs} ms; last seen: ${JSON.stringify(seen)}`);
    await sleep(15);
  }
}

/** Opens a port that forwards to another one and can hold back what comes from there. */
export async function pausableLine(to: number) {
  const sockets = new Set<Socket>();
  const upstreams = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connectTo(to, '127.0.0.1');
    upstreams.add(upstream);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => [client, upstream].forEach((each) => each.destroy()));
    }
    client.pipe(upstream);
    upstream.on('data', (data) => client.write(data));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    pause: () => upstreams.forEach((upstream) => upstream.pause()),
    resume: () => upstreams.forEach((upstream) => upstream.resume()),
    close: () => {
      sockets.forEach((socket) => socket.destroy());
      server.close();
    },
  };
}
