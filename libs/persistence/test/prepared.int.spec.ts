import { guardPrisma, PgUnitOfWork, poolSql } from '../src/index.js';
import { preparedName } from '../src/prepared.js';
import { counters, prepare, type Prepared } from './helpers.js';

let prepared: Prepared;
beforeAll(async () => {
  prepared = await prepare({ DATABASE_POOL_MAX: '1' });
});
afterAll(() => prepared.close());

/** Of the only connection of the pool. */
const statements = async (): Promise<string[]> => {
  const { rows } = await prepared.pool.query<{ statement: string }>('SELECT statement FROM pg_prepared_statements');
  return rows.map(({ statement }) => statement);
};

test('a statement is prepared once for a connection, in a transaction, alone, and by a poller', async () => {
  const uow = new PgUnitOfWork(prepared.pool, counters);
  for (let round = 0; round < 3; round += 1) {
    await uow.run((tx) => tx.read('x'));
    await uow.single((tx) => tx.read('x'));
    await poolSql(prepared.pool).query('SELECT value FROM counters WHERE name = $1', ['x']);
  }
  expect((await statements()).filter((text) => text.includes('FROM counters'))).toHaveLength(1);
});

test.each(['run', 'single'] as const)(
  'a migration that changes the columns of a prepared statement is not seen by %s',
  async (method) => {
    const uow = new PgUnitOfWork(prepared.pool, counters, { random: () => 0 });
    const text = `SELECT * FROM counters WHERE name = $1 OR '${method}' = ''`;
    const columns = async (): Promise<string[]> => {
      const { rows } = await uow[method]((tx) => tx.sql.query<object>(text, ['wide']));
      return Object.keys(rows[0]!);
    };
    await uow.single((tx) => tx.sql.query(`INSERT INTO counters VALUES ('wide', 1) ON CONFLICT DO NOTHING`));
    const before = await columns();
    await prepared.database.pool.query(`ALTER TABLE counters ADD COLUMN added_for_${method} int`);
    expect(await columns()).toEqual([...before, `added_for_${method}`]);
  },
);

test('Prisma runs such a statement again', async () => {
  let asked = 0;
  const stale = Object.assign(new Error('cached plan must not change result type'), { code: '0A000' });
  let extension: { query: { $allOperations: (operation: object) => Promise<unknown> } } | undefined;
  guardPrisma({
    $extends: (given: never) => {
      extension = given;
      return {};
    },
  });
  const query = () => (++asked === 1 ? Promise.reject(stale) : Promise.resolve('row'));
  expect(await extension!.query.$allOperations({ operation: 'findFirst', args: {}, query })).toBe('row');
});

test('texts beyond a thousand are not prepared: they would fill the memory of the server', () => {
  const names = Array.from({ length: 1_100 }, (_, index) => preparedName(`SELECT ${index}`));
  expect(new Set(names).size).toBeLessThanOrEqual(1_001);
  expect(names.at(-1)).toBe('');
  expect(preparedName('SELECT 0')).toBe(names[0]);
});
