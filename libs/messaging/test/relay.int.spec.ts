import { setTimeout as sleep } from 'node:timers/promises';
import type { Envelope } from '@causeway/contracts';
import { parcelPacked, parcelSent, stickLabel } from '@causeway/contracts/testing';
import { sessionConfig } from '@causeway/persistence';
import type { TestDatabase } from '@causeway/testkit';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { eventually, Scene, unitOfWork } from './helpers.js';

const scene = new Scene();
beforeEach(() => scene.broker());
afterEach(() => scene.end());

const fact = (parcelId: string, version = 2) => ({
  parcelId,
  customerId: uuidv7(),
  version,
  occurredAt: new Date().toISOString(),
});
type Wake = { wake(): void };

const add = (database: TestDatabase, aggregate = uuidv7(), relay?: Wake, version?: number): Promise<string> =>
  unitOfWork(database, relay).run(({ outbox }) => outbox.add(parcelSent, aggregate, fact(aggregate, version)));

const pending = async (database: TestDatabase): Promise<number> => {
  const { rowCount } = await database.pool.query("SELECT 1 FROM causeway.outbox WHERE status = 'pending'");
  return rowCount!;
};
const drained = (database: TestDatabase) =>
  eventually(
    () => pending(database),
    (count) => count === 0,
  );

/** Everything in a stream, in its order. */
async function stored(nc: NatsConnection, stream = 'PARCEL'): Promise<Envelope<{ version: number }>[]> {
  const jsm = await jetstreamManager(nc);
  const { state } = await jsm.streams.info(stream);
  const found = [];
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1) {
    const message = await jsm.streams.getMessage(stream, { seq });
    if (message) found.push(message.json<Envelope<{ version: number }>>());
  }
  return found;
}
const idsIn = async (nc: NatsConnection, stream?: string) => (await stored(nc, stream)).map(({ id }) => id);

test('a committed message is published under its id, and its row remembers where', async () => {
  const database = await scene.database();
  const { relay, nc } = await scene.relay(database);
  const id = await add(database, uuidv7(), relay);
  await drained(database);
  expect(await idsIn(nc)).toEqual([id]);
  const { rows } = await database.pool.query('SELECT * FROM causeway.outbox');
  const info = await (await jetstreamManager(nc)).streams.info('PARCEL');
  expect(rows[0]).toMatchObject({ id, status: 'published', stream: 'PARCEL', stream_seq: '1' });
  expect(rows[0].stream_created_at.getTime()).toBe(Math.floor(new Date(info.created).getTime()));
});

test('a wake after the commit publishes at once, without waiting for the poll', async () => {
  const database = await scene.database();
  const { relay } = await scene.relay(database, { pollMs: 30_000 });
  await add(database, uuidv7(), relay);
  await drained(database);
  await sleep(100);
  await add(database, uuidv7(), relay);
  await drained(database);
});

test('rows that the relay was not woken for are found by polling', async () => {
  const database = await scene.database();
  const { nc } = await scene.relay(database);
  const id = await add(database);
  await drained(database);
  expect(await idsIn(nc)).toEqual([id]);
});

test('the messages of an aggregate arrive in their order, also when two kinds of stream take turns', async () => {
  const database = await scene.database();
  const aggregates = Array.from({ length: 30 }, () => uuidv7());
  const uow = unitOfWork(database);
  for (let version = 1; version <= 10; version += 1) {
    await Promise.all(aggregates.map((id) => uow.run(({ outbox }) => outbox.add(parcelSent, id, fact(id, version)))));
  }
  const { nc } = await scene.relay(database, { batch: 16 });
  await drained(database);
  const seen = new Map<string, number[]>();
  for (const { subject, data } of await stored(nc)) seen.set(subject, [...(seen.get(subject) ?? []), data.version]);
  expect(seen.size).toBe(30);
  for (const versions of seen.values()) expect(versions).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('a transaction that began first but added later comes later', async () => {
  const database = await scene.database();
  const { nc } = await scene.relay(database);
  const aggregate = uuidv7();
  const early = await database.pool.connect();
  await early.query('BEGIN');
  await early.query('SELECT now()');
  const first = await add(database, aggregate);
  const uow = unitOfWork(database);
  const second = await uow.run(async ({ outbox }) => outbox.add(parcelSent, aggregate, fact(aggregate)));
  await early.query('COMMIT');
  early.release();
  await drained(database);
  expect(await idsIn(nc)).toEqual([first, second]);
});

test('two instances publish each message once, and in order', async () => {
  const database = await scene.database();
  const [one, two] = [await scene.relay(database), await scene.relay(database)];
  const aggregates = Array.from({ length: 20 }, () => uuidv7());
  for (let version = 1; version <= 10; version += 1) {
    await Promise.all(aggregates.map((id) => add(database, id, version % 2 ? one.relay : two.relay, version)));
  }
  await drained(database);
  const messages = await stored(one.nc);
  expect(messages).toHaveLength(200);
  for (const id of aggregates) {
    expect(messages.filter(({ subject }) => subject === id).map(({ data }) => data.version)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
  }
  expect([...one.relay.heldPartitions, ...two.relay.heldPartitions].sort()).toEqual([0, 1, 2, 3]);
});

test('an instance that does not hold the partition wakes the one that does', async () => {
  const database = await scene.database();
  const first = await scene.relay(database, { pollMs: 30_000 });
  await eventually(
    () => first.relay.heldPartitions.length,
    (count) => count === 4,
  );
  const second = await scene.relay(database, { pollMs: 30_000 });
  await sleep(200);
  await add(database, uuidv7(), second.relay);
  await drained(database);
});

test('when an instance stops, another takes its partitions over', async () => {
  const database = await scene.database();
  const first = await scene.relay(database);
  await eventually(
    () => first.relay.heldPartitions.length,
    (count) => count === 4,
  );
  const second = await scene.relay(database);
  await first.stop();
  await add(database);
  await drained(database);
  expect(second.relay.heldPartitions).toEqual([0, 1, 2, 3]);
});

test('a stop publishes what was committed before it', async () => {
  const database = await scene.database();
  const { relay, nc, stop } = await scene.relay(database, { pollMs: 30_000 });
  await eventually(
    () => relay.heldPartitions.length,
    (count) => count === 4,
  );
  const id = await add(database);
  await stop();
  expect(await pending(database)).toBe(0);
  expect(await idsIn(nc)).toEqual([id]);
});

test('a relay that loses its connection holds nothing, opens a new one, and continues', async () => {
  const database = await scene.database();
  const { relay, nc } = await scene.relay(database);
  await add(database);
  await drained(database);
  const { rows } = await database.pool.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'causeway outbox relay' AND datname = current_database()",
  );
  expect(rows).toHaveLength(1);
  await database.pool.query('SELECT pg_terminate_backend($1)', [rows[0]!.pid]);
  await eventually(
    () => relay.heldPartitions.length,
    (count) => count === 0,
  );
  await add(database);
  await drained(database);
  expect(await idsIn(nc)).toHaveLength(2);
});

test('while the database refuses connections the relay waits, then continues', async () => {
  const database = await scene.database();
  const { relay } = await scene.relay(database);
  await add(database);
  await drained(database);
  const admin = new pg.Client(sessionConfig(database.migrationUrl));
  await admin.connect();
  await admin.query(`ALTER DATABASE ${database.name} CONNECTION LIMIT 0`);
  await admin.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'causeway outbox relay' AND datname = current_database()",
  );
  await sleep(800);
  expect(relay.heldPartitions).toEqual([]);
  await admin.query(`ALTER DATABASE ${database.name} CONNECTION LIMIT -1`);
  await admin.end();
  await add(database);
  await drained(database);
});

/** More than the server's max_payload of 1 MiB. */
const tooLarge = () => Array.from({ length: 12_000 }, () => ({ productId: uuidv7(), quantity: 1, unitPriceMinor: 1 }));

test('a message that the broker refuses holds up what follows in its aggregate, and nothing else', async () => {
  const database = await scene.database();
  const stuck = uuidv7();
  const uow = unitOfWork(database);
  const lines = tooLarge();
  await uow.run(async ({ outbox }) => {
    const placed = { ...fact(stuck), labelId: uuidv7(), totalMinor: 1, currency: 'EUR', lines };
    for (let index = 0; index < 3; index += 1) await outbox.add(parcelPacked, stuck, placed);
    await outbox.add(parcelSent, stuck, fact(stuck));
  });
  const others = await Promise.all(Array.from({ length: 8 }, () => add(database)));
  const { nc } = await scene.relay(database);
  await eventually(
    () => pending(database),
    (count) => count === 4,
  );
  await sleep(600); // a second and third try
  expect((await idsIn(nc)).sort()).toEqual(others.sort());
  expect(await pending(database)).toBe(4);
});

test('what failed is tried again when its pause is over, however rarely the relay polls', async () => {
  const database = await scene.database();
  const stuck = uuidv7();
  const placed = { ...fact(stuck), labelId: uuidv7(), totalMinor: 1, currency: 'EUR', lines: tooLarge() };
  await unitOfWork(database).run(({ outbox }) => outbox.add(parcelPacked, stuck, placed));
  // Nothing but the end of the pause makes the relay look again.
  const never = 600_000;
  const { nc } = await scene.relay(database, { pollMs: never, backlogMs: never, sweepMs: never });
  await add(database);
  await eventually(
    () => pending(database),
    (count) => count === 1,
  );
  // Now the broker would take it, and nothing wakes the relay.
  await database.pool.query(`UPDATE causeway.outbox SET envelope = '{}' WHERE aggregate_id = $1`, [stuck]);
  await drained(database);
  expect(await idsIn(nc)).toHaveLength(2);
});

test('refused messages that fill a whole batch do not keep the others out', async () => {
  const database = await scene.database();
  const { nc } = await scene.relay(database, { batch: 2 });
  const lines = tooLarge();
  const stuck = uuidv7();
  const placed = { ...fact(stuck), labelId: uuidv7(), totalMinor: 1, currency: 'EUR', lines };
  await unitOfWork(database).run(async ({ outbox }) => {
    for (let index = 0; index < 3; index += 1) await outbox.add(parcelPacked, stuck, placed);
  });
  const others = await Promise.all(Array.from({ length: 8 }, () => add(database)));
  await eventually(
    () => pending(database),
    (count) => count === 3,
  );
  expect((await idsIn(nc)).sort()).toEqual(others.sort());
});

test('a stream that cannot take messages does not hold up the others', async () => {
  const database = await scene.database();
  const { nc } = await scene.relay(database, { batch: 2, sweepMs: 60_000 });
  await add(database);
  await drained(database);
  const jsm = await jetstreamManager(nc);
  await jsm.streams.update('LABEL', { subjects: ['elsewhere.>'] });
  const uow = unitOfWork(database);
  for (let index = 0; index < 20; index += 1) {
    const labelId = uuidv7();
    await uow.run(({ outbox }) => outbox.add(stickLabel, labelId, { labelId, parcelId: uuidv7() }));
  }
  const ids = await Promise.all(Array.from({ length: 6 }, () => add(database)));
  await eventually(
    () => pending(database),
    (count) => count === 20,
  );
  expect((await idsIn(nc)).slice(1).sort()).toEqual(ids.sort());
  await jsm.streams.update('LABEL', { subjects: ['label.evt.>', 'label.cmd.>'] });
  await drained(database);
});

test('the age of the oldest message is known while it cannot be published', async () => {
  const database = await scene.database();
  await add(database);
  await database.pool.query("UPDATE causeway.outbox SET created_at = now() - interval '90 seconds'");
  const nc = await scene.connect('parcel');
  const { relay } = await scene.relay(database, {
    nc,
    health: { connected: false, onDisconnect: () => () => undefined } as never,
  });
  const age = await eventually(
    () => relay.oldestAgeSeconds,
    (seconds) => seconds > 0,
  );
  expect(age).toBeGreaterThanOrEqual(90);
  expect(age).toBeLessThan(120);
});

describe('when the broker loses messages', () => {
  test('a stream that was recreated gets them again, in order', async () => {
    const database = await scene.database();
    const { nc } = await scene.relay(database);
    const aggregate = uuidv7();
    const ids = [];
    for (let version = 1; version <= 5; version += 1) ids.push(await add(database, aggregate, undefined, version));
    await drained(database);
    const jsm = await jetstreamManager(nc);
    const { config } = await jsm.streams.info('PARCEL');
    await jsm.streams.delete('PARCEL');
    await jsm.streams.add(config);
    const again = await eventually(
      () => idsIn(nc),
      ({ length }) => length >= 5,
    );
    expect(again).toEqual(ids);
    await drained(database);
  });

  test('a recreated stream that has aged past our sequences is recognized by its creation time', async () => {
    const database = await scene.database();
    const { nc } = await scene.relay(database, { sweepMs: 60_000 });
    const ids = [await add(database), await add(database)];
    await drained(database);
    const jsm = await jetstreamManager(nc);
    const { config } = await jsm.streams.info('PARCEL');
    await jsm.streams.delete('PARCEL');
    await jsm.streams.add(config);
    for (let index = 0; index < 5; index += 1)
      await jsm.jetstream().publish('parcel.evt.sent.v1', `{"foreign":${index}}`);
    await jsm.streams.purge('PARCEL');
    await scene.nats.restart(); // every disconnect makes the relay compare
    const again = await eventually(
      () => idsIn(nc),
      ({ length }) => length >= 2,
    );
    expect(again.sort()).toEqual(ids.sort());
  });

  test('a broker that returns empty gets the streams and the messages again', async () => {
    const database = await scene.database();
    await scene.relay(database);
    const ids = [await add(database), await add(database)];
    await drained(database);
    await scene.nats.restart({ empty: true });
    const nc = await scene.connect();
    const again = await eventually(
      () => idsIn(nc),
      ({ length }) => length >= 2,
    );
    expect(again.sort()).toEqual(ids.sort());
  });

  test('a broker that returns with an older state gets the missing messages, though others have published since', async () => {
    const database = await scene.database();
    const { nc, stop } = await scene.relay(database);
    const kept: string[] = [];
    const lost: string[] = [];
    for (let index = 0; index < 6; index += 1) kept.push(await add(database));
    await drained(database);
    for (let index = 0; index < 6; index += 1) lost.push(await add(database));
    await drained(database);
    await stop();
    // The end of the stream is lost, and other messages have taken its sequences.
    const jsm = await jetstreamManager(nc);
    const keptSequences = await database.pool.query<{ last: string }>(
      'SELECT max(stream_seq) AS last FROM causeway.outbox WHERE id = ANY ($1)',
      [kept],
    );
    const last = Number(keptSequences.rows[0]!.last);
    const envelopes = (await stored(nc)).slice(0, last);
    const { config } = await jsm.streams.info('PARCEL');
    await jsm.streams.delete('PARCEL');
    await jsm.streams.add(config);
    const js = jsm.jetstream();
    for (const envelope of envelopes) await js.publish(envelope.type, JSON.stringify(envelope), { msgID: envelope.id });
    for (let index = 0; index < 10; index += 1) await js.publish('parcel.evt.sent.v1', `{"foreign":${index}}`);
    const { created } = await jsm.streams.info('PARCEL');
    await database.pool.query('UPDATE causeway.outbox SET stream_created_at = $1', [created]);
    await database.pool.query('UPDATE causeway.outbox_stream SET stream_created_at = $1', [created]);

    await scene.relay(database);
    const again = await eventually(
      () => idsIn(nc),
      (ids) => ids.filter((id) => lost.includes(id)).length >= 6,
    );
    expect(again.filter((id) => lost.includes(id)).sort()).toEqual(lost.sort());
    expect(again.filter((id) => kept.includes(id))).toEqual(kept);
  });

  test('nothing is published again when nothing was lost, or when old messages have aged out', async () => {
    const database = await scene.database();
    const { nc } = await scene.relay(database, { sweepMs: 100 });
    for (let index = 0; index < 5; index += 1) await add(database);
    await drained(database);
    const jsm = await jetstreamManager(nc);
    await jsm.streams.purge('PARCEL', { seq: 4 });
    await sleep(500);
    expect((await jsm.streams.info('PARCEL')).state.last_seq).toBe(5);
    await jsm.streams.purge('PARCEL');
    await sleep(500);
    expect((await jsm.streams.info('PARCEL')).state.last_seq).toBe(5);
  });
});

test('messages committed while NATS is away are published once it is back', async () => {
  const database = await scene.database();
  const { relay } = await scene.relay(database);
  const ids: string[] = [];
  const writing = (async () => {
    for (let index = 0; index < 60; index += 1) {
      ids.push(await add(database, uuidv7(), relay));
      await sleep(20);
    }
  })();
  await sleep(300);
  await scene.nats.kill();
  await sleep(500);
  await scene.nats.restart();
  await writing;
  await drained(database);
  const nc = await scene.connect();
  const found = await idsIn(nc);
  expect(new Set(found)).toEqual(new Set(ids));
  expect(found).toHaveLength(ids.length);
});

test('published rows are purged after the retention, pending ones never', async () => {
  const database = await scene.database();
  const { purgePublished } = await import('../src/outbox/rows.js');
  const { RelaySession } = await import('../src/outbox/session.js');
  for (let index = 0; index < 25; index += 1) await add(database);
  await database.pool.query(
    `UPDATE causeway.outbox SET status = 'published', published_at = now() - interval '8 days' WHERE position <= 20`,
  );
  await database.pool.query(`UPDATE causeway.outbox SET published_at = now() - interval '6 days' WHERE position <= 5`);
  await database.pool.query(`UPDATE causeway.outbox SET created_at = now() - interval '9 days'`);
  const session = await RelaySession.open(sessionConfig(database.url));
  expect(await purgePublished(session, 168, 4)).toBe(15);
  await session.close();
  const { rows } = await database.pool.query<{ status: string; count: string }>(
    'SELECT status, count(*) FROM causeway.outbox GROUP BY status ORDER BY status',
  );
  expect(rows).toEqual([
    { status: 'pending', count: '5' },
    { status: 'published', count: '5' },
  ]);
});
