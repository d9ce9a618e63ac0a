import { createDatabase, type TestDatabase } from '@causeway/testkit';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { createPool, migrate, persistenceMigrations, sessionConfig, waitForDatabase } from '../src/index.js';
import { pinned } from '../src/session.js';
import { errorOf, settingsFor } from './helpers.js';

// The server of the tests has other defaults for all of it (tools/testkit), which the database and the role of this
// file confirm.
const hostile = [
  'timezone TO "Asia/Shanghai"',
  'datestyle TO "German, DMY"',
  'search_path TO nowhere',
  'lock_timeout TO 1',
];
let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase();
  const service = new pg.Pool(sessionConfig(database.url));
  for (const setting of hostile) {
    await database.pool.query(`ALTER DATABASE ${database.name} SET ${setting}`);
    for (const role of [database.pool, service])
      await role.query(`ALTER ROLE CURRENT_USER IN DATABASE ${database.name} SET ${setting}`);
  }
  await service.end();
});
afterAll(() => database.drop());

/** What a new session of ours has. */
async function sessionOf(url: string): Promise<Record<string, string>> {
  const pool = createPool(settingsFor(url));
  const { rows } = await pool.query<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_settings WHERE name = ANY ($1) OR name IN ('lock_timeout', 'statement_timeout', 'work_mem')`,
    [Object.keys(pinned)],
  );
  await pool.end();
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
}

test('a session has its own settings, whatever the server, the database and the role say', async () => {
  expect(await sessionOf(database.url)).toMatchObject({ ...pinned, lock_timeout: '0', statement_timeout: '5000' });
});

test('options of DATABASE_URL are kept, but not against ours', async () => {
  const options = encodeURIComponent('-c TimeZone=Asia/Shanghai -c work_mem=8MB');
  expect(await sessionOf(`${database.url}?options=${options}`)).toMatchObject({ ...pinned, work_mem: '8192' });
});

test('migrations make tables in public and are not stopped by the limits of a role', async () => {
  await migrate(database.migrationUrl, [persistenceMigrations]);
  await database.pool.query('CREATE TABLE here (id integer)');
  expect((await database.pool.query(`SELECT to_regclass('public.here') AS found`)).rows).toEqual([{ found: 'here' }]);
});

test('times go through Prisma’s adapter and through pg as they are', async () => {
  const pool = createPool(settingsFor(database.url));
  await database.pool.query('CREATE TABLE moments (at timestamptz(3) NOT NULL)');
  const at = new Date('2026-02-03T23:30:00.123Z');
  const prisma = await new PrismaPg(pool).connect();
  const argTypes = [{ scalarType: 'datetime', arity: 'scalar' } as const];
  await prisma.executeRaw({ sql: 'INSERT INTO moments VALUES ($1)', args: [at.toISOString()], argTypes });
  const read = await prisma.queryRaw({ sql: 'SELECT at FROM moments', args: [], argTypes: [] });
  expect(new Date(read.rows[0]![0] as string)).toEqual(at);
  expect((await pool.query('SELECT at FROM moments WHERE at = $1', [at])).rows).toEqual([{ at }]);
  await prisma.dispose();
  await pool.end();
});

test('a pooler that drops our settings is reported at start, not by damaged data', async () => {
  const pool = new pg.Pool({ connectionString: database.url, statement_timeout: 5_000 });
  // The database may be dropped before the server has noticed that the pool has ended.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  const error = await errorOf(waitForDatabase(pool, []));
  expect([error.code, error.message]).toEqual([
    'DATABASE_UNSUITABLE',
    expect.stringContaining('TimeZone is Asia/Shanghai, not UTC'),
  ]);
  await pool.end();
});

test('a database of another encoding is refused at start', async () => {
  const rows = [{ name: 'server_encoding', setting: 'LATIN1' }];
  const pool = { query: () => Promise.resolve({ rows }) } as unknown as pg.Pool;
  expect((await errorOf(waitForDatabase(pool, []))).message).toContain('server_encoding is LATIN1, not UTF8');
});
