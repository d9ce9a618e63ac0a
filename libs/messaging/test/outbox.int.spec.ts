import { dataSchemaOf, type Envelope } from '@causeway/contracts';
import { parcelSent } from '@causeway/contracts/testing';
import { v7 as uuidv7 } from 'uuid';
import { buildEnvelope } from '../src/envelope.js';
import { FakeOutbox, outboxContract } from '../src/testing/index.js';
import { eventually, Scene, unitOfWork } from './helpers.js';

const scene = new Scene();
afterEach(() => scene.end());

const fact = (parcelId = uuidv7()) => ({
  parcelId,
  customerId: uuidv7(),
  version: 2,
  occurredAt: new Date().toISOString(),
});

outboxContract('fake', () => {
  const outbox = new FakeOutbox();
  return Promise.resolve({ outbox, stored: () => Promise.resolve(outbox.messages) });
});

outboxContract('Postgres', async () => {
  const database = await scene.database();
  const uow = unitOfWork(database);
  return {
    outbox: { add: (...message) => uow.run(({ outbox }) => outbox.add(...message)) },
    stored: async () => {
      const { rows } = await database.pool.query<{ envelope: Envelope }>(
        'SELECT envelope FROM causeway.outbox ORDER BY position',
      );
      return rows.map(({ envelope }) => envelope);
    },
  };
});

test('a message of a transaction that is rolled back does not exist, and the relay is not woken for it', async () => {
  const database = await scene.database();
  let woken = 0;
  const uow = unitOfWork(database, { wake: () => (woken += 1) });
  const work = uow.run(async ({ outbox }) => {
    await outbox.add(parcelSent, uuidv7(), fact());
    throw new Error('changed my mind');
  });
  await expect(work).rejects.toThrow('changed my mind');
  const { rowCount } = await database.pool.query('SELECT 1 FROM causeway.outbox');
  expect([rowCount, woken]).toEqual([0, 0]);
});

test('the relay is woken once, after the commit', async () => {
  const database = await scene.database();
  const seen: Promise<number | null>[] = [];
  const wake = () =>
    void seen.push(database.pool.query('SELECT 1 FROM causeway.outbox').then(({ rowCount }) => rowCount));
  await unitOfWork(database, { wake }).run(async ({ outbox }) => {
    await outbox.add(parcelSent, uuidv7(), fact());
    await outbox.add(parcelSent, uuidv7(), fact());
  });
  await eventually(
    () => seen.length,
    (length) => length === 1,
  );
  await expect(Promise.all(seen)).resolves.toEqual([2]);
});

test('concurrent transactions on one aggregate: the one that adds first has the lower position and commits first', async () => {
  const database = await scene.database();
  const uow = unitOfWork(database);
  const aggregate = uuidv7();
  const added = Promise.withResolvers<void>();
  const commit = Promise.withResolvers<void>();
  const first = uow.run(async ({ outbox }) => {
    const id = await outbox.add(parcelSent, aggregate, fact());
    added.resolve();
    await commit.promise;
    return id;
  });
  await added.promise;
  const second = uow.run(({ outbox }) => outbox.add(parcelSent, aggregate, fact()));
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'`;
  await eventually(
    async () => (await database.pool.query(waiting)).rowCount,
    (waiters) => waiters === 1,
  );
  commit.resolve();
  const { rows } = await Promise.all([first, second]).then(() =>
    database.pool.query<{ id: string }>('SELECT id FROM causeway.outbox ORDER BY position'),
  );
  expect(rows.map(({ id }) => id)).toEqual([await first, await second]);
});

test('a SQL function adds a message whose data it completes', async () => {
  const database = await scene.database();
  const parcelId = uuidv7();
  const envelope = buildEnvelope(parcelSent, { source: 'parcel', aggregateId: parcelId, data: fact(parcelId) });
  await database.pool.query(
    `DO $do$ BEGIN PERFORM causeway.add_outbox(jsonb_set('${JSON.stringify(envelope)}'::jsonb, '{data,version}', '7')); END $do$`,
  );
  const { rows } = await database.pool.query('SELECT * FROM causeway.outbox');
  expect(rows).toEqual([
    expect.objectContaining({
      id: envelope.id,
      aggregate_type: 'parcel',
      aggregate_id: parcelId,
      subject: 'parcel.evt.sent.v1',
      status: 'pending',
      envelope: expect.objectContaining({
        dataschema: dataSchemaOf(parcelSent),
        data: expect.objectContaining({ version: 7 }),
      }),
    }),
  ]);
});
