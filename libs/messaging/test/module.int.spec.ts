import { setTimeout as sleep } from 'node:timers/promises';
import { getAddress, type DataOf } from '@causeway/contracts';
import { labelPrinted, parcelSent } from '@causeway/contracts/testing';
import { PG_POOL, persistenceMigrations } from '@causeway/persistence';
import { jetstreamManager } from '@nats-io/jetstream';
import { Controller, Global, Module, type BeforeApplicationShutdown } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { v7 as uuidv7 } from 'uuid';
import { connectNats } from '../src/connection.js';
import type { Message } from '../src/consume/message.js';
import { messagingMigrations } from '../src/migrations.js';
import { Handles, HandlesRpc } from '../src/nest/handles.js';
import { jetStreamServer, MessagingModule, NATS } from '../src/nest/messaging.module.js';
import { OutboxRelay } from '../src/outbox/relay.js';
import { RpcClient } from '../src/rpc/client.js';
import { eventually, natsOf, Scene, unitOfWork } from './helpers.js';

const scene = new Scene();
beforeEach(() => scene.broker());
afterEach(() => scene.end());

@Controller()
class Nothing {
  @Handles(labelPrinted)
  on(_message: Message<DataOf<typeof labelPrinted>>) {
    return undefined;
  }
}

test('a start waits for NATS and continues as soon as it is there', async () => {
  await scene.nats.halt();
  const connecting = connectNats(scene.settings(), { name: 'early' });
  let connected = false;
  void connecting.then(() => (connected = true));
  await sleep(800);
  expect(connected).toBe(false);
  await scene.nats.restart();
  const nc = await connecting;
  expect(nc.isClosed()).toBe(false);
  await nc.close();
});

test('a signal ends the wait for NATS', async () => {
  await scene.nats.halt();
  const stop = new AbortController();
  const connecting = connectNats(scene.settings(), { name: 'early', signal: stop.signal });
  setTimeout(() => stop.abort(), 100);
  await expect(connecting).rejects.toMatchObject({ name: 'AbortError' });
});

test('replies go to an inbox that other services do not share', async () => {
  const [one, two] = [await scene.connect('parcel'), await scene.connect('parcel')];
  const inboxOf = async (nc: typeof one): Promise<string> => {
    const asked = new Promise<string>((resolve) =>
      two.subscribe('ask', { max: 1, callback: (_, message) => resolve(message.reply!) }),
    );
    await two.flush();
    void nc.request('ask', '', { timeout: 50 }).catch(() => undefined);
    return asked;
  };
  expect(await inboxOf(one)).toMatch(/^_INBOX_parcel\./);
  expect((await inboxOf(one)).split('.')[1]).not.toBe((await inboxOf(two)).split('.')[1]);
});

test('the relay takes the pool of the persistence module, and its own connection', async () => {
  const database = await scene.database();
  @Global()
  @Module({ providers: [{ provide: PG_POOL, useValue: database.pool }], exports: [PG_POOL] })
  class FakePersistence {}
  const module = await Test.createTestingModule({
    imports: [FakePersistence, MessagingModule.forRoot({ service: 'parcel', settings: scene.settings() })],
  })
    .setLogger(false as never)
    .compile();
  await module.init();
  const relay = module.get(OutboxRelay);
  await unitOfWork(database, relay).run(({ outbox }) => outbox.add(parcelSent, 'a', fact()));
  await eventually(
    async () => (await database.pool.query("SELECT 1 FROM causeway.outbox WHERE status = 'pending'")).rowCount,
    (count) => count === 0,
  );
  expect(database.pool.totalCount - database.pool.idleCount).toBe(0);
  await module.close();
});

test('a service without a database has no relay, but everything else', async () => {
  const app = await scene.service('gateway', []);
  expect(app.get(OutboxRelay)).toBeUndefined();
  expect(app.get(RpcClient)).toBeInstanceOf(RpcClient);
  expect(jetStreamServer(app)).toBeDefined();
});

test('asking for an outbox without a database is refused', async () => {
  const compiled = Test.createTestingModule({
    imports: [MessagingModule.forRoot({ service: 'gateway', settings: scene.settings(), outbox: true })],
  })
    .setLogger(false as never)
    .compile();
  await expect(compiled).rejects.toThrow('asks for an outbox but has no database');
});

test('messages that requests commit after the consumers have stopped are published before the connection closes', async () => {
  const database = await scene.database();
  @Controller()
  class LateRequest implements BeforeApplicationShutdown {
    // HTTP requests in flight end between this hook and onApplicationShutdown.
    async beforeApplicationShutdown(): Promise<void> {
      await unitOfWork(database).run(({ outbox }) => outbox.add(parcelSent, 'a', fact()));
    }
  }
  const app = await scene.service('parcel', [LateRequest], { database, settings: { OUTBOX_POLL_MS: '60000' } });
  const nc = natsOf(app);
  const relay = app.get(OutboxRelay);
  await eventually(
    () => relay.heldPartitions.length,
    (count) => count === 4,
  );
  await app.close();
  expect(nc.isClosed()).toBe(true);
  const { state } = await (await jetstreamManager(await scene.connect())).streams.info('PARCEL');
  expect(state.messages).toBe(1);
});

test('stopping does not hang while NATS is away', async () => {
  const database = await scene.database();
  @Controller()
  class Addresses {
    @HandlesRpc(getAddress)
    find(_request: { userId: string; addressId: string }) {
      return { found: false as const };
    }
  }
  const app = await scene.service('parcel', [Nothing, Addresses], { database });
  const nc = natsOf(app);
  await scene.nats.halt();
  await sleep(500);
  const startedAt = Date.now();
  await app.close();
  expect(Date.now() - startedAt).toBeLessThan(20_000); // not when its own limit of 25 s is over
  expect(nc.isClosed()).toBe(true);
});

test('a service that starts while its database already holds messages publishes them', async () => {
  const database = await scene.database();
  await unitOfWork(database).run(({ outbox }) => outbox.add(parcelSent, 'a', fact()));
  const app = await scene.service('parcel', [Nothing], { database });
  const jsm = await jetstreamManager(app.get(NATS));
  await eventually(
    () => jsm.streams.info('PARCEL'),
    ({ state }) => state.messages === 1,
  );
});

test('the migrations are found from the sources', () => {
  expect([persistenceMigrations.name, messagingMigrations.name]).toEqual(['persistence', 'messaging']);
});

const fact = () => ({ parcelId: uuidv7(), customerId: uuidv7(), version: 1, occurredAt: new Date().toISOString() });
