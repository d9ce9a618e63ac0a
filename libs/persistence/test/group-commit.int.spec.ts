import { asWork, currentWork, Deadline, withDeadline } from '@causeway/resilience';
import { alreadyHandled, PgUnitOfWork, type Delivery } from '../src/index.js';
import { counters, errorOf, killConnections, prepare, until, untilRunning, valueOf, type Prepared } from './helpers.js';

type CounterTransaction = ReturnType<typeof counters>;

let prepared: Prepared;
let uow: PgUnitOfWork<CounterTransaction>;
beforeAll(async () => {
  prepared = await prepare();
});
afterAll(() => prepared.close());
beforeEach(() => {
  uow = new PgUnitOfWork(prepared.pool, counters, { random: () => 0 });
});

const transactionOf = async ({ sql }: CounterTransaction): Promise<string> => {
  const { rows } = await sql.query<{ id: string }>('SELECT pg_current_xact_id()::text AS id');
  return rows[0]!.id;
};
const distinct = (values: readonly unknown[]): number => new Set(values).size;
const together = (aggregates: readonly string[], work: (tx: CounterTransaction, index: number) => Promise<unknown>) =>
  Promise.allSettled(aggregates.map((aggregate, index) => uow.run((tx) => work(tx, index), { aggregate })));
const valuesOf = (results: PromiseSettledResult<unknown>[]): unknown[] =>
  results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason));

test('units of different aggregates that wait at the same time share a transaction', async () => {
  const results = valuesOf(await together(['a', 'b', 'c', 'd'], transactionOf));
  expect(distinct(results)).toBe(1);
});

test('units of one aggregate never do, and each sees what the one before has done', async () => {
  const increment = async (tx: CounterTransaction): Promise<string> => {
    // Reads, then writes what it has read plus one: a neighbour in the same transaction would overwrite it.
    const value = await tx.read('same');
    await tx.add('same', value + 1 - value);
    await tx.sql.query('UPDATE counters SET value = $2 WHERE name = $1', ['same', value + 1]);
    return transactionOf(tx);
  };
  const results = valuesOf(
    await together(
      Array.from({ length: 8 }, () => 'same'),
      increment,
    ),
  );
  expect(distinct(results)).toBe(8);
  expect(await valueOf(prepared.pool, 'same')).toBe(8);
});

test('units without an aggregate have a transaction each', async () => {
  const results = await Promise.all([uow.run(transactionOf), uow.run(transactionOf)]);
  expect(distinct(results)).toBe(2);
});

describe('a unit that fails', () => {
  const failing = async (tx: CounterTransaction, index: number): Promise<string> => {
    await tx.add(`fails-${index}`, 1);
    if (index === 2) throw new Error('poison');
    return 'done';
  };

  test('does not keep the others from committing, and its own changes are rolled back', async () => {
    const [a, b, c, d] = valuesOf(await together(['a', 'b', 'c', 'd'], failing));
    expect([a, b, d]).toEqual(['done', 'done', 'done']);
    expect(c).toEqual(new Error('poison'));
    const values = await Promise.all([0, 1, 2, 3].map((index) => valueOf(prepared.pool, `fails-${index}`)));
    expect(values).toEqual([1, 1, 0, 1]);
  });

  test('by a statement: the same, with the error of the server', async () => {
    const results = valuesOf(
      await together(['a', 'b', 'c'], async (tx, index) => {
        await tx.add(`constraint-${index}`, index === 1 ? -1 : 1);
        return 'done';
      }),
    );
    expect(results).toEqual(['done', expect.objectContaining({ code: '23514' }), 'done']);
  });

  test('actions after the commit run once for each unit that is committed, and for no other', async () => {
    const ran: number[] = [];
    await together(['a', 'b', 'c', 'd'], async (tx, index) => {
      tx.afterCommit(() => ran.push(index));
      return failing(tx, index);
    });
    expect(ran.sort()).toEqual([0, 1, 3]);
  });

  test('because its deadline has passed: the others are not late', async () => {
    const late = withDeadline(Deadline.after(0), () => errorOf(uow.run(transactionOf, { aggregate: 'late' })));
    const others = together(['a', 'b'], () => Promise.resolve('done'));
    expect((await late).code).toBe('DEADLINE_EXCEEDED');
    expect(valuesOf(await others)).toEqual(['done', 'done']);
  });
});

test('a unit that waits for a lock holds up no other', async () => {
  await uow.run((tx) => tx.add('locked', 1));
  const holder = await prepared.pool.connect();
  await holder.query(`BEGIN; UPDATE counters SET value = 10 WHERE name = 'locked'`);
  const names = ['free-1', 'locked', 'free-2'];
  const done: string[] = [];
  const all = together(names, async (tx, index) => {
    await tx.add(names[index]!, 1);
    tx.afterCommit(() => done.push(names[index]!));
  });
  await until('the others are done', () => done.length === 2);
  await holder.query('COMMIT');
  holder.release();
  expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
  expect(done.at(-1)).toBe('locked');
  expect(await valueOf(prepared.pool, 'locked')).toBe(11);
});

test('a single unit that waits for a lock holds up no other either', async () => {
  await uow.run((tx) => tx.add('locked-alone', 1));
  const holder = await prepared.pool.connect();
  await holder.query(`BEGIN; UPDATE counters SET value = 10 WHERE name = 'locked-alone'`);
  const waiting = uow.run((tx) => tx.add('locked-alone', 1), { aggregate: 'locked-alone' });
  await untilRunning(prepared.database, 'INSERT INTO counters%');
  await uow.run((tx) => tx.add('free', 1), { aggregate: 'free' });
  await holder.query('COMMIT');
  holder.release();
  await waiting;
  expect(await valueOf(prepared.pool, 'locked-alone')).toBe(11);
});

test('a single unit that fails runs once', async () => {
  let runs = 0;
  const work = () => Promise.reject(new Error(`run ${++runs}`));
  expect(await errorOf(uow.run(work, { aggregate: 'a' }))).toEqual(new Error('run 1'));
});

test('each unit runs in the context of its caller, also when it runs again', async () => {
  const kinds: string[] = [];
  const unit = (aggregate: string) =>
    uow.run(
      async () => {
        kinds.push(`${aggregate}: ${currentWork()}`);
        if (aggregate === 'background') throw new Error('no');
      },
      { aggregate },
    );
  await Promise.allSettled((['message', 'background'] as const).map((kind) => asWork(kind, () => unit(kind))));
  expect([...new Set(kinds)].sort()).toEqual(['background: background', 'message: message']);
  expect(kinds).toHaveLength(4);
});

test('a connection that is lost before the commit: the units run again', async () => {
  let runs = 0;
  const names = ['lost-1', 'lost-2', 'lost-3'];
  const results = await together(names, async (tx, index) => {
    await tx.add(names[index]!, 1);
    if (++runs === 1) await killConnections(prepared.database, `state = 'idle in transaction'`);
    await tx.read('x');
  });
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
  expect(await Promise.all(names.map((name) => valueOf(prepared.pool, name)))).toEqual([1, 1, 1]);
});

test('a connection that is lost during the commit: every unit learns that its outcome is unknown, and none runs again', async () => {
  await prepared.database.pool.query(`
    CREATE TABLE slow_commit (id int);
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(4); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON slow_commit DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()`);
  let runs = 0;
  const all = together(['a', 'b'], async (tx, index) => {
    runs += 1;
    await tx.sql.query('INSERT INTO slow_commit VALUES ($1)', [index]);
  });
  await untilRunning(prepared.database, 'COMMIT%');
  await killConnections(prepared.database, `state = 'active' AND query = 'COMMIT'`);
  const unknown = { code: 'DATABASE_UNAVAILABLE', outcome: 'unknown' };
  expect(valuesOf(await all)).toMatchObject([unknown, unknown]);
  expect(runs).toBe(2);
});

describe('deliveries', () => {
  const delivery = (messageId: string, aggregate = messageId): Delivery => ({
    consumer: 'group',
    messageId,
    aggregate,
  });

  test('are recorded together, and each effect happens once', async () => {
    const ids = ['m1', 'm2', 'm3'];
    const handle = (id: string) =>
      uow.runOnce(delivery(id), async (tx) => {
        await tx.add(id, 1);
        return transactionOf(tx);
      });
    const first = await Promise.all(ids.map(handle));
    expect(distinct(first)).toBe(1);
    const second = await Promise.all([...ids, 'm4'].map(handle));
    expect(second.slice(0, 3)).toEqual([alreadyHandled, alreadyHandled, alreadyHandled]);
    expect(await Promise.all([...ids, 'm4'].map((id) => valueOf(prepared.pool, id)))).toEqual([1, 1, 1, 1]);
  });

  test('one that fails is not recorded; the others of its transaction are', async () => {
    const handle = (id: string, fails: boolean) =>
      uow.runOnce(delivery(id), async (tx) => {
        await tx.add(id, 1);
        if (fails) throw new Error('no');
        return 'done';
      });
    const results = await Promise.allSettled([handle('p1', false), handle('p2', true), handle('p3', false)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await Promise.all([handle('p1', false), handle('p2', false)])).toEqual([alreadyHandled, 'done']);
  });
});
