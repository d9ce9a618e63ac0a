import { userRegistered, type DataOf } from '@causeway/contracts';
import { Handles, messagingMigrations, Outbox, OutboxRelay, type Message } from '@causeway/messaging';
import { createPool, databaseSettings, migrate, persistenceMigrations, PgUnitOfWork } from '@causeway/persistence';
import { loadSettings } from '@causeway/config';
import { sessionConfig } from '@causeway/persistence/session';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Controller } from '@nestjs/common';
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { v7 as uuidv7 } from 'uuid';
import { messagingApp, withNats, withPostgres } from './infrastructure.js';
import { inTurn, perSecond, type Contender } from './rounds.js';
import { withSpread, type Section } from './section.js';

const inFlight = 128;

interface Peer {
  readonly name: string;
  /** Sends one message and waits until it is handled. */
  readonly send: () => Promise<unknown>;
  readonly close: () => Promise<unknown>;
}

/** Brings senders and handlers together. */
class Waiting {
  private readonly resolvers = new Map<string, () => void>();

  until(id: string): Promise<void> {
    return new Promise((resolve) => this.resolvers.set(id, resolve));
  }

  handled(id: string): void {
    this.resolvers.get(id)?.();
    this.resolvers.delete(id);
  }
}

const fact = (userId: string): DataOf<typeof userRegistered> => ({
  userId,
  registeredAt: '2026-11-27T10:00:00.000Z',
});

async function raw(servers: string): Promise<Peer> {
  const nc = await connect({ servers });
  const jsm = await jetstreamManager(nc);
  await jsm.streams.add({ name: 'BENCH', subjects: ['bench.>'] });
  await jsm.consumers.add('BENCH', { durable_name: 'bench', ack_policy: 'explicit', max_ack_pending: 1_000 });
  const js = jetstream(nc);
  const waiting = new Waiting();
  const messages = await (await js.consumers.get('BENCH', 'bench')).consume({ max_messages: 256 });
  void (async () => {
    for await (const message of messages) {
      waiting.handled(message.json<{ userId: string }>().userId);
      message.ack();
    }
  })();
  return {
    name: 'raw JetStream: publish, consume, ack',
    send: async () => {
      const id = uuidv7();
      const handled = waiting.until(id);
      await js.publish('bench.raw', JSON.stringify(fact(id)), { msgID: id });
      await handled;
    },
    close: () => messages.close().then(() => nc.close()),
  };
}

async function ours(servers: string, databaseUrl: string): Promise<Peer> {
  const waiting = new Waiting();
  const pool = createPool(loadSettings(databaseSettings, { DATABASE_URL: databaseUrl }));
  const migrating = await pool.connect();
  migrating.release();
  await migrate(databaseUrl, [persistenceMigrations, messagingMigrations]);
  let relay: { wake(): void } = { wake: () => undefined };
  const uow = new PgUnitOfWork(pool, (transaction) => ({
    outbox: Outbox.within(transaction, 'user', { wake: () => relay.wake() }),
  }));
  @Controller()
  class Handler {
    @Handles(userRegistered)
    async confirmed({ data, delivery }: Message<DataOf<typeof userRegistered>>): Promise<void> {
      await uow.runOnce(delivery, () => Promise.resolve());
      waiting.handled(data.userId);
    }
  }
  const consumers = [{ service: 'user', message: userRegistered }];
  const app = await messagingApp(servers, { service: 'user', controllers: [Handler], consumers, pool });
  relay = app.get(OutboxRelay);
  return {
    name: 'ours: outbox, relay, schema, handler with inbox',
    send: async () => {
      const id = uuidv7();
      const handled = waiting.until(id);
      await uow.run(({ outbox }) => outbox.add(userRegistered, id, fact(id)), { aggregate: id });
      await handled;
    },
    close: () => app.close().then(() => pool.end()),
  };
}

async function graphileWorker(connectionString: string): Promise<Peer> {
  const waiting = new Waiting();
  const logger = new Logger(() => () => undefined);
  const pgPool = new pg.Pool({ ...sessionConfig(connectionString), max: 10 });
  pgPool.on('error', () => undefined);
  pgPool.on('connect', (client) => client.on('error', () => undefined));
  const utils = await makeWorkerUtils({ pgPool, logger });
  await utils.migrate();
  const runner = await run({
    pgPool,
    logger,
    concurrency: inFlight,
    noHandleSignals: true,
    preset: { worker: { localQueue: { size: 512 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } } as never,
    taskList: { bench: (payload) => waiting.handled((payload as { userId: string }).userId) },
  });
  return {
    name: 'graphile-worker, tuned',
    send: async () => {
      const id = uuidv7();
      const handled = waiting.until(id);
      await utils.addJob('bench', fact(id));
      await handled;
    },
    close: async () => {
      await runner.stop();
      await utils.release();
      await pgPool.end();
    },
  };
}

async function pgBoss(connectionString: string): Promise<Peer> {
  const waiting = new Waiting();
  const boss = new PgBoss({ connectionString, max: 10 });
  boss.on('error', () => undefined);
  await boss.start();
  await boss.createQueue('bench');
  const options = { batchSize: inFlight, pollingIntervalSeconds: 0.5 };
  await boss.work<{ userId: string }>('bench', options, async (jobs) => {
    for (const { data } of jobs) waiting.handled(data.userId);
  });
  return {
    name: 'pg-boss, polling twice a second',
    send: async () => {
      const id = uuidv7();
      const handled = waiting.until(id);
      await boss.send('bench', fact(id));
      await handled;
    },
    close: () => boss.stop({ graceful: false }),
  };
}

export const messaging: Section = {
  name: 'messaging',
  title: `Message sent → handled, ${inFlight} in flight, both sides in one process`,
  run: ({ quick, say }) =>
    withNats(({ url }) =>
      withPostgres(async (postgres) => {
        const [our, graphile, boss] = await Promise.all(
          ['ours', 'graphile', 'boss'].map(async (name) => {
            const passwords = { password: 'bench', ownerPassword: 'bench' };
            return (await postgres.ensureDatabase(name, passwords)).migrationUrl;
          }),
        );
        const peers = [await raw(url), await ours(url, our!), await graphileWorker(graphile!), await pgBoss(boss!)];
        const contenders = peers.map(({ name, send }): Contender => ({
          name,
          measure: () => perSecond(send, inFlight, quick ? 300 : 3_000),
        }));
        const bars = await inTurn(contenders, quick ? 1 : 5, say);
        for (const { close } of peers) await close();
        return [
          {
            title: 'Messages a second',
            columns: ['transport', 'messages/s', '÷ raw'],
            rows: bars.map((bar) => [bar.name, withSpread(bar), (bar.value / bars[0]!.value).toFixed(2)]),
            note: 'Aim: at least 0.3 of raw JetStream, with an outbox and an inbox in PostgreSQL (fsync on) around it.',
            bars: { unit: 'messages/s', values: bars },
          },
        ];
      }),
    ),
};
