import { PrismaPg } from '@prisma/adapter-pg';
import { asWork, Deadline, withDeadline } from '@causeway/resilience';
import {
  alreadyHandled,
  createPool,
  DatabaseHealth,
  DatabaseUnavailable,
  PgUnitOfWork,
  poolSql,
  type Transaction,
} from '../src/index.js';
import {
  counters,
  errorOf,
  killConnections,
  prepare,
  settingsFor,
  until,
  untilRunning,
  valueOf,
  watchClient,
  type Prepared,
} from './helpers.js';
import { unitOfWorkContract } from './unit-of-work.contract.js';

let prepared: Prepared;
const make = () => new PgUnitOfWork(prepared.pool, counters, { random: () => 0.5 });
beforeAll(async () => {
  prepared = await prepare();
});
afterAll(() => prepared.close());

describe('PostgreSQL keeps the contract of a unit of work', () => unitOfWorkContract(make));

describe('a second delivery while the first is at work', () => {
  /** The first delivery holds its transaction open until the second waits for it. */
  async function together(messageId: string, end: () => void) {
    const uow = make();
    const delivery = { consumer: 'together', messageId };
    let begun: () => void = () => undefined;
    const firstIsAtWork = new Promise<void>((resolve) => (begun = resolve));
    const first = uow.runOnce(delivery, async (tx) => {
      await tx.add(messageId, 1);
      begun();
      await untilRunning(prepared.database, '%INSERT INTO causeway.inbox%');
      end();
      return 'first';
    });
    await firstIsAtWork;
    const second = uow.runOnce(delivery, async (tx) => {
      await tx.add(messageId, 1);
      return 'second';
    });
    return Promise.allSettled([first, second]);
  }

  test('waits, and does nothing when the first succeeds', async () => {
    const [first, second] = await together('both-fine', () => undefined);
    expect([first, second]).toMatchObject([{ value: 'first' }, { value: alreadyHandled }]);
    expect(await valueOf(prepared.pool, 'both-fine')).toBe(1);
  });

  test('waits, and does the work when the first fails', async () => {
    const [first, second] = await together('first-fails', () => {
      throw new Error('no');
    });
    expect([first.status, second]).toEqual(['rejected', { status: 'fulfilled', value: 'second' }]);
    expect(await valueOf(prepared.pool, 'first-fails')).toBe(1);
  });
});

/**
 * Two transactions that need the same two rows in opposite order; the first round meets, so one of them is a deadlock
 * victim.
 */
async function crossing(uow: PgUnitOfWork<ReturnType<typeof counters>>, a: string, b: string): Promise<number> {
  await uow.run(async (tx) => {
    await tx.add(a, 1);
    await tx.add(b, 1);
  });
  let runs = 0;
  let met = 0;
  let release: () => void = () => undefined;
  const bothHoldOne = new Promise<void>((resolve) => (release = resolve));
  const inOrder = (first: string, second: string) =>
    uow.run(async (tx) => {
      runs++;
      await tx.add(first, 1);
      if (++met === 2) release();
      await bothHoldOne;
      await tx.add(second, 1);
    });
  await Promise.all([inOrder(a, b), inOrder(b, a)]);
  return runs;
}

describe('conflicts', () => {
  test('the victim of a deadlock is run again, and both changes are there', async () => {
    expect(await crossing(make(), 'dead-a', 'dead-b')).toBe(3);
    expect([await valueOf(prepared.pool, 'dead-a'), await valueOf(prepared.pool, 'dead-b')]).toEqual([3, 3]);
  });

  test('actions of a try that was rolled back do not run', async () => {
    let tries = 0;
    const seen: number[] = [];
    await make().run(async (tx) => {
      const attempt = ++tries;
      tx.afterCommit(() => seen.push(attempt));
      if (attempt < 3) await tx.sql.query(`DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$`);
    });
    expect([tries, seen]).toEqual([3, [3]]);
  });

  test.each(['run', 'single'] as const)('%s gives up after three more tries with a retryable error', async (method) => {
    let tries = 0;
    const error = await errorOf(
      make()[method](async (tx: Transaction) => {
        tries++;
        await tx.sql.query(`DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$`);
      }),
    );
    expect([tries, error.code, error.retryable]).toEqual([4, 'DATABASE_UNAVAILABLE', true]);
  });

  test('a conflict is recognised inside of an error that the work made of it', async () => {
    let tries = 0;
    await make().run(async (tx) => {
      if (++tries > 1) return;
      await tx.sql
        .query(`DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40P01'; END $$`)
        .catch((cause: unknown) => Promise.reject(new Error('could not save', { cause })));
    });
    expect(tries).toBe(2);
  });
});

describe('mistakes of the work', () => {
  test('an error of a statement that is swallowed does not pass as success', async () => {
    const error = await errorOf(
      make().run(async (tx) => {
        await tx.add('swallowed', 1);
        await tx.add('swallowed', -5).catch(() => undefined);
      }),
    );
    expect(error.message).toMatch(/everything was rolled back/);
    expect(error.cause.code).toBe('23514');
    expect(await valueOf(prepared.pool, 'swallowed')).toBe(0);
  });

  test('a statement that is not awaited rolls everything back', async () => {
    await expect(
      make().run(async (tx) => {
        await tx.add('forgotten', 1);
        tx.add('forgotten', 1).catch(() => undefined);
      }),
    ).rejects.toThrow(/await every statement/);
    expect(await valueOf(prepared.pool, 'forgotten')).toBe(0);
  });

  test('a statement after the end is refused, and cannot reach another transaction', async () => {
    let kept: ReturnType<typeof counters> | undefined;
    await make().run(async (tx) => {
      kept = tx;
    });
    await expect(kept!.add('kept', 1)).rejects.toThrow(/after its transaction had ended/);
  });

  test('statements that are started together travel together, and roll back together', async () => {
    const { roundTrips } = await watchClient(prepared.pool, async () => {
      await make().run((tx) => Promise.all(Array.from({ length: 20 }, () => tx.add('together', 1))));
    });
    expect(roundTrips).toBe(2);
    expect(await valueOf(prepared.pool, 'together')).toBe(20);
    const error = await errorOf(
      make().run((tx) => Promise.all([tx.add('together', 1), tx.add('together', -100), tx.add('together', 1)])),
    );
    expect(error.code).toBe('23514');
    expect(await valueOf(prepared.pool, 'together')).toBe(20);
  });

  test('an action after commit that throws changes nothing for the caller', async () => {
    const result = await make().run(async (tx) => {
      tx.afterCommit(() => {
        throw new Error('no');
      });
      return 'committed';
    });
    expect(result).toBe('committed');
  });
});

describe('single', () => {
  test('a second statement is refused', async () => {
    await expect(
      make().single(async (tx) => {
        await tx.add('single', 1);
        await tx.add('single', 1);
      }),
    ).rejects.toThrow(/single\(\) takes one statement/);
    expect(await valueOf(prepared.pool, 'single')).toBe(1);
  });

  test('sends the statement and nothing else', async () => {
    const { sent } = await watchClient(prepared.pool, () => make().single((tx) => tx.read('x')));
    expect(sent).toEqual(['SELECT value FROM counters WHERE name = $1']);
  });

  test('run adds one statement before and one after, and one round trip', async () => {
    const { sent, roundTrips } = await watchClient(prepared.pool, () =>
      withDeadline(Deadline.after(3_000), () => make().run((tx) => tx.read('x'))),
    );
    expect(sent).toEqual([
      expect.stringMatching(/^BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = (3000|29\d\d)$/),
      'SELECT value FROM counters WHERE name = $1',
      'COMMIT',
    ]);
    expect(roundTrips).toBe(2);
  });

  test('a violated constraint passes as it is, and the connection stays in the pool', async () => {
    const uow = make();
    await uow.single((tx) => tx.sql.query(`INSERT INTO counters VALUES ('taken', 1)`));
    const before = await uow.single((tx) => tx.sql.query('SELECT pg_backend_pid() AS pid'));
    const error = await errorOf(uow.single((tx) => tx.sql.query(`INSERT INTO counters VALUES ('taken', 1)`)));
    const after = await uow.single((tx) => tx.sql.query('SELECT pg_backend_pid() AS pid'));
    expect(error).toMatchObject({ code: '23505', constraint: 'counters_pkey' });
    expect(after.rows).toEqual(before.rows);
  });

  test('what is committed runs its actions even if the work fails afterwards', async () => {
    let ran = false;
    await expect(
      make().single(async (tx) => {
        tx.afterCommit(() => (ran = true));
        await tx.add('committed', 1);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect([ran, await valueOf(prepared.pool, 'committed')]).toEqual([true, 1]);
  });
});

describe('deadlines', () => {
  test('work whose deadline has passed is not started', async () => {
    let started = false;
    const work = async () => {
      started = true;
    };
    for (const method of ['run', 'single'] as const) {
      const error = await errorOf(withDeadline(Deadline.after(0), () => make()[method](work)));
      expect(error.code).toBe('DEADLINE_EXCEEDED');
    }
    expect(started).toBe(false);
  });

  test('the server cancels a statement of run at the deadline, and everything is rolled back', async () => {
    const startedAt = performance.now();
    const error = await errorOf(
      withDeadline(Deadline.after(150), () =>
        make().run(async (tx) => {
          await tx.add('late', 1);
          await tx.sql.query('SELECT pg_sleep(30)');
        }),
      ),
    );
    expect([error.code, error.cause.code]).toEqual(['DEADLINE_EXCEEDED', '57014']);
    expect(performance.now() - startedAt).toBeLessThan(4_500); // the statement timeout of the pool is 5 s
    expect(await valueOf(prepared.pool, 'late')).toBe(0);
  });

  test('the limit is that of the transaction only', async () => {
    await withDeadline(Deadline.after(150), () => make().run(async (tx) => tx.read('x')));
    const { rows } = await prepared.pool.query('SHOW statement_timeout');
    expect(rows).toEqual([{ statement_timeout: '5s' }]);
  });

  test('a transaction that is late does not commit', async () => {
    const error = await errorOf(
      withDeadline(Deadline.after(60), () =>
        make().run(async (tx) => {
          await tx.add('late-commit', 1);
          await new Promise((resolve) => setTimeout(resolve, 100));
        }),
      ),
    );
    expect(error.code).toBe('DEADLINE_EXCEEDED');
    expect(await valueOf(prepared.pool, 'late-commit')).toBe(0);
  });

  test('single waits no longer than the deadline, and the connection returns to the pool when the statement ends', async () => {
    const error = await errorOf(
      withDeadline(Deadline.after(100), () => make().single((tx) => tx.sql.query('SELECT pg_sleep(2)'))),
    );
    expect(error.code).toBe('DEADLINE_EXCEEDED');
    const { pool } = prepared;
    expect(pool.totalCount - pool.idleCount).toBe(1);
    await until('the connection is idle again', () => pool.totalCount === pool.idleCount);
  });

  test('without a deadline the statement timeout of the pool holds', async () => {
    const impatient = await prepare({ DATABASE_STATEMENT_TIMEOUT_MS: '100' });
    try {
      const uow = new PgUnitOfWork(impatient.pool, counters);
      const error = await errorOf(uow.run((tx) => tx.sql.query('SELECT pg_sleep(3)')));
      expect([error.code, error.retryable]).toEqual(['DATABASE_UNAVAILABLE', true]);
    } finally {
      await impatient.close();
    }
  });
});

describe('a full pool', () => {
  let small: Prepared;
  let uow: PgUnitOfWork<ReturnType<typeof counters>>;
  beforeAll(async () => {
    small = await prepare({ DATABASE_POOL_MAX: '1', DATABASE_CONNECT_TIMEOUT_MS: '100' });
    uow = new PgUnitOfWork(small.pool, counters);
  });
  afterAll(() => small.close());

  test('is overload at the deadline of a request, and never an absent database', async () => {
    const holder = await small.pool.connect();
    const hurried = withDeadline(Deadline.after(300), () =>
      Promise.all([errorOf(uow.single((tx) => tx.read('x'))), errorOf(uow.run((tx) => tx.read('x')))]),
    );
    const message = asWork('message', () => uow.run((tx) => tx.read('x')));
    const poller = poolSql(small.pool).query('SELECT 1');
    for (const error of await hurried) expect([error.code, error.retryAfterSeconds]).toEqual(['OVERLOADED', 1]);
    // By now everybody has waited for longer than opening a connection may take.
    expect(small.pool.admission.state().kinds).toMatchObject({ message: { queued: 1 }, background: { queued: 1 } });
    holder.release();
    expect(await message).toBe(0);
    expect((await poller).rowCount).toBe(1);
  });

  test('is shared with the adapter of Prisma', async () => {
    const prisma = await new PrismaPg(small.pool).connect();
    const ask = { sql: 'SELECT 1', args: [], argTypes: [] };
    const holder = await small.pool.connect();
    const refused = withDeadline(Deadline.after(50), () => errorOf(prisma.queryRaw(ask)));
    const served = asWork('message', () => prisma.queryRaw(ask));
    expect((await refused).code).toBe('OVERLOADED');
    holder.release();
    expect((await served).rows).toEqual([[1]]);
  });

  test('does not make the instance unready', async () => {
    const health = new DatabaseHealth(small.pool, () => Infinity);
    const holder = await small.pool.connect();
    await health.check();
    expect(small.pool.admission.queued).toBe(0);
    holder.release();
  });

  test('a message has its turn although requests came before it, and more come', async () => {
    const order: string[] = [];
    const holder = await small.pool.connect();
    const requests = Array.from({ length: 8 }, () => uow.run((tx) => tx.read('x')).then(() => order.push('request')));
    const message = asWork('message', () => uow.run((tx) => tx.read('x'))).then(() => order.push('message'));
    await until('all wait', () => small.pool.admission.queued === 9);
    holder.release();
    await Promise.all([...requests, message]);
    expect(order.indexOf('message')).toBeLessThanOrEqual(1);
  });

  test('an absent database is reported as such, also to those who wait', async () => {
    const absent = createPool(settingsFor('postgres://nobody@127.0.0.1:1/none', { DATABASE_POOL_MAX: '1' }));
    const work = new PgUnitOfWork(absent, counters);
    const errors = await Promise.all([
      ...Array.from({ length: 5 }, () => errorOf(work.single((tx) => tx.read('x')))),
      errorOf(asWork('message', () => work.run((tx) => tx.read('x')))),
    ]);
    expect(new Set(errors.map(({ code }) => code as string))).toEqual(new Set(['DATABASE_UNAVAILABLE']));
    await absent.end();
  });
});

describe('lost connections', () => {
  test('one killed in the middle of a transaction: nothing is applied, and the next one works', async () => {
    const uow = make();
    const error = await errorOf(
      uow.run(async (tx) => {
        await tx.add('killed', 1);
        await killConnections(prepared.database, `state = 'idle in transaction'`);
        await tx.add('killed', 1);
      }),
    );
    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(error.outcome).toBe('not-applied');
    expect(await valueOf(prepared.pool, 'killed')).toBe(0);
    await uow.run((tx) => tx.add('killed', 1));
    expect(await valueOf(prepared.pool, 'killed')).toBe(1);
  });

  test('one killed while it is committing: the outcome is called unknown', async () => {
    await prepared.database.pool.query(`
      CREATE TABLE slow_commit (id int);
      CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(4); RETURN NULL; END';
      CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON slow_commit DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()`);
    const failing = errorOf(make().run((tx) => tx.sql.query('INSERT INTO slow_commit VALUES (1)')));
    await untilRunning(prepared.database, 'COMMIT%');
    await killConnections(prepared.database, `state = 'active' AND query = 'COMMIT'`);
    expect(await failing).toMatchObject({ code: 'DATABASE_UNAVAILABLE', outcome: 'unknown' });
  });

  test('one killed under a statement of single: the outcome is called unknown', async () => {
    const failing = errorOf(make().single((tx) => tx.sql.query('SELECT pg_sleep(4)')));
    await untilRunning(prepared.database, '%pg_sleep(4)%');
    await killConnections(prepared.database, `state = 'active' AND query LIKE '%pg_sleep(4)%'`);
    expect(await failing).toMatchObject({ code: 'DATABASE_UNAVAILABLE', outcome: 'unknown' });
  });

  test('idle ones that died unnoticed are replaced: the work does not see it', async () => {
    const uow = make();
    await Promise.all(Array.from({ length: 5 }, () => uow.run((tx) => tx.sql.query('SELECT pg_sleep(0.02)'))));
    expect(prepared.pool.idleCount).toBeGreaterThanOrEqual(5);
    // The pool learns of the loss from the socket in a later turn of the event loop; here the sockets are closed in
    // this one.
    const idle = (prepared.pool as unknown as { _idle: { client: { connection: { stream: { destroy(): void } } } }[] })
      ._idle;
    for (const { client } of idle) client.connection.stream.destroy();
    expect(await uow.run((tx) => tx.read('none'))).toBe(0);
  });

  test('a killed idle connection does not end the process', async () => {
    await make().single((tx) => tx.read('x'));
    expect(await killConnections(prepared.database)).toBeGreaterThan(0);
    await until('the pool noticed', () => prepared.pool.totalCount === 0);
    expect(await make().single((tx) => tx.read('x'))).toBe(0);
  });
});
