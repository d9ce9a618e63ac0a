import { Deadline, withDeadline } from '@causeway/resilience';
import { poolSql, type Sql } from '../src/index.js';
import { errorOf, killConnections, prepare, untilRunning, valueOf, type Prepared } from './helpers.js';

let prepared: Prepared;
let sql: Sql;
beforeAll(async () => {
  prepared = await prepare();
  sql = poolSql(prepared.pool);
});
afterAll(() => prepared.close());

const connection = async () => (await sql.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid;

test('each statement is committed on its own, and tells its rows', async () => {
  const values = ['poll', 2];
  const { rows, rowCount } = await sql.query('INSERT INTO counters VALUES ($1, $2) RETURNING value', values);
  expect([rows, rowCount]).toEqual([[{ value: 2 }], 1]);
  expect(await valueOf(prepared.database.pool, 'poll')).toBe(2);
});

test('a violated constraint passes as it is, and the connection stays in the pool', async () => {
  await sql.query(`INSERT INTO counters VALUES ('taken', 1)`);
  const before = await connection();
  const error = await errorOf(sql.query(`INSERT INTO counters VALUES ('taken', 1)`));
  expect(error).toMatchObject({ code: '23505', constraint: 'counters_pkey' });
  expect(await connection()).toBe(before);
});

test('the victim of a conflict is run again', async () => {
  await prepared.database.pool.query('CREATE SEQUENCE tries');
  await sql.query(`DO $$ BEGIN
    IF nextval('tries') < 3 THEN RAISE EXCEPTION 'conflict' USING ERRCODE = '40P01'; END IF; END $$`);
  expect((await sql.query('SELECT last_value::int AS tries FROM tries')).rows).toEqual([{ tries: 3 }]);
});

test('a connection that is killed under a statement is DatabaseUnavailable with an unknown outcome, and replaced', async () => {
  const failing = errorOf(sql.query('SELECT pg_sleep(4)'));
  await untilRunning(prepared.database, '%pg_sleep(4)%');
  await killConnections(prepared.database, `state = 'active' AND query LIKE '%pg_sleep(4)%'`);
  expect(await failing).toMatchObject({ code: 'DATABASE_UNAVAILABLE', outcome: 'unknown' });
  expect(await connection()).toEqual(expect.any(Number));
});

test('nothing is started after the deadline', async () => {
  const expired = Deadline.after(0);
  const error = await errorOf(withDeadline(expired, () => sql.query(`INSERT INTO counters VALUES ('late', 1)`)));
  expect(error.code).toBe('DEADLINE_EXCEEDED');
  expect(await valueOf(prepared.pool, 'late')).toBe(0);
});
