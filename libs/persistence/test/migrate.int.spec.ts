import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, type TestDatabase } from '@causeway/testkit';
import { migrate, persistenceMigrations, verifyMigrations, type MigrationSet } from '../src/index.js';
import { errorOf } from './helpers.js';

const ofTheLibrary = readdirSync(persistenceMigrations.directory).sort();
let database: TestDatabase;
let root: string;
let files: Record<string, string>;
beforeEach(async () => {
  database = await createDatabase();
  root = mkdtempSync(join(tmpdir(), 'causeway-migrations-'));
  files = {};
});
afterEach(async () => {
  rmSync(root, { recursive: true });
  await database.drop();
});

const put = (name: string, sql: string, folder = 'app'): void => {
  mkdirSync(join(root, folder, name), { recursive: true });
  writeFileSync(join(root, folder, name, 'migration.sql'), sql);
  files[name] = sql;
};
const app = (): MigrationSet => ({ name: 'app', directory: join(root, 'app'), table: 'prisma' });
const library = (): MigrationSet => ({ name: 'library', directory: join(root, 'library'), table: 'causeway' });
const recorded = async () =>
  (await database.pool.query('SELECT * FROM public._prisma_migrations ORDER BY started_at, migration_name')).rows;

describe('applying', () => {
  test('applies what is missing, in the order of the names, and then nothing', async () => {
    put('20260102000000_second', 'ALTER TABLE a ADD COLUMN b int; INSERT INTO a VALUES (1, 2);');
    put('20260101000000_first', 'CREATE TABLE a (id int);');
    const lines: string[] = [];
    const applied = await migrate(database.migrationUrl, [app()], { log: (line) => lines.push(line) });
    expect(applied.map(({ set, name }) => `${set}/${name}`)).toEqual([
      'app/20260101000000_first',
      'app/20260102000000_second',
    ]);
    expect(lines).toEqual([expect.stringMatching(/^applied app\/20260101000000_first in \d+ ms$/), expect.any(String)]);
    expect(await migrate(database.pool, [app()])).toEqual([]);
    expect((await database.pool.query('SELECT * FROM a')).rows).toEqual([{ id: 1, b: 2 }]);
    put('20260103000000_third', 'DROP TABLE a;');
    expect(await migrate(database.pool, [app()])).toHaveLength(1);
  });

  test('sets follow each other as listed; the tables of this library are reachable', async () => {
    put('1_uses_the_library', 'ALTER TABLE causeway.inbox ADD COLUMN extra int;');
    const applied = await migrate(database.migrationUrl, [persistenceMigrations, app()]);
    expect(applied.map(({ set }) => set)).toEqual([...ofTheLibrary.map(() => 'persistence'), 'app']);
  });

  test('two library sets may use the same names', async () => {
    put('1_init', 'CREATE TABLE one (id int);', 'library');
    put('1_init', 'CREATE TABLE two (id int);', 'other');
    const other = { name: 'other', directory: join(root, 'other'), table: 'causeway' as const };
    expect(await migrate(database.migrationUrl, [library(), other])).toHaveLength(2);
    expect(await migrate(database.migrationUrl, [library(), other])).toEqual([]);
  });

  test('runners that start together apply everything once', async () => {
    put('1_slow', 'CREATE TABLE once (id int); SELECT pg_sleep(0.4);');
    const lines: string[] = [];
    const run = () => migrate(database.migrationUrl, [app()], { log: (line) => lines.push(line) });
    const results = await Promise.all([run(), run(), run()]);
    expect(results.map((each) => each.length).sort()).toEqual([0, 0, 1]);
    expect(lines).toContain('waiting for another migration of this database to end');
  });
});

describe('the record', () => {
  test('is a row as Prisma writes it', async () => {
    put('20260101000000_init', 'CREATE TABLE "Order" (id int); -- ünïcode');
    const before = Date.now();
    await migrate(database.migrationUrl, [app()]);
    const [row] = await recorded();
    expect(row).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      checksum: createHash('sha256').update(files['20260101000000_init']!).digest('hex'),
      finished_at: expect.any(Date),
      migration_name: '20260101000000_init',
      logs: null,
      rolled_back_at: null,
      started_at: expect.any(Date),
      applied_steps_count: 1,
    });
    expect(row.finished_at.getTime()).toBeGreaterThanOrEqual(row.started_at.getTime());
    expect(Math.abs(row.started_at.getTime() - before)).toBeLessThan(60_000);
  });

  test('has the columns of the table that Prisma makes', async () => {
    put('1_init', 'SELECT 1;');
    await migrate(database.migrationUrl, [app()]);
    const { rows } = await database.pool.query(
      `SELECT column_name, data_type, character_maximum_length AS length, is_nullable, column_default
       FROM information_schema.columns WHERE table_name = '_prisma_migrations' ORDER BY ordinal_position`,
    );
    expect(rows.map((each) => Object.values(each))).toEqual([
      ['id', 'character varying', 36, 'NO', null],
      ['checksum', 'character varying', 64, 'NO', null],
      ['finished_at', 'timestamp with time zone', null, 'YES', null],
      ['migration_name', 'character varying', 255, 'NO', null],
      ['logs', 'text', null, 'YES', null],
      ['rolled_back_at', 'timestamp with time zone', null, 'YES', null],
      ['started_at', 'timestamp with time zone', null, 'NO', 'now()'],
      ['applied_steps_count', 'integer', null, 'NO', '0'],
    ]);
  });

  test('of a migration that Prisma applied is respected', async () => {
    put('1_init', 'CREATE TABLE a (id int);');
    await migrate(database.migrationUrl, [app()]);
    await database.pool.query(`UPDATE _prisma_migrations SET id = gen_random_uuid()::text`);
    expect(await migrate(database.migrationUrl, [app()])).toEqual([]);
  });

  test('that Prisma left unfinished stops the runner; once it is resolved, the migration is applied', async () => {
    put('1_init', 'CREATE TABLE a (id int);');
    put('2_more', 'CREATE TABLE b (id int);');
    await migrate(database.migrationUrl, [app()]);
    await database.pool.query(
      `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '2_more'; DROP TABLE b`,
    );
    expect(await errorOf(migrate(database.migrationUrl, [app()]))).toMatchObject({
      code: 'MIGRATION_FAILED',
      migration: 'app/2_more',
    });
    await database.pool.query(`UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = '2_more'`);
    expect(await migrate(database.migrationUrl, [app()])).toHaveLength(1);
  });

  test('without a file is fine: an older build meets a newer schema', async () => {
    put('1_init', 'CREATE TABLE a (id int);');
    put('2_newer', 'CREATE TABLE b (id int);');
    await migrate(database.migrationUrl, [app()]);
    rmSync(join(root, 'app', '2_newer'), { recursive: true });
    await verifyMigrations(database.pool, [app()]);
    expect(await migrate(database.migrationUrl, [app()])).toEqual([]);
  });
});

describe('an edited migration', () => {
  beforeEach(async () => {
    put('1_init', 'CREATE TABLE a (id int);\nCREATE TABLE b (id int);\n');
    put('1_init', 'CREATE TABLE c (id int);', 'library');
    await migrate(database.migrationUrl, [library(), app()]);
  });

  test('is named, and nothing else is applied', async () => {
    put('1_init', 'CREATE TABLE a (id bigint);');
    put('2_more', 'CREATE TABLE d (id int);');
    const error = await errorOf(migrate(database.migrationUrl, [app()]));
    expect([error.code, error.changed]).toEqual(['MIGRATION_CHANGED', ['app/1_init']]);
    expect((await errorOf(verifyMigrations(database.pool, [app()]))).code).toBe('MIGRATION_CHANGED');
    expect((await database.pool.query(`SELECT to_regclass('d') AS d`)).rows).toEqual([{ d: null }]);
  });

  test('is noticed in a library, too', async () => {
    put('1_init', 'CREATE TABLE c (id bigint);', 'library');
    expect((await errorOf(migrate(database.migrationUrl, [library()]))).code).toBe('MIGRATION_CHANGED');
  });

  test('is not one whose line ends were changed by git', async () => {
    put('1_init', 'CREATE TABLE a (id int);\r\nCREATE TABLE b (id int);\r\n');
    expect(await migrate(database.migrationUrl, [app()])).toEqual([]);
  });
});

describe('a migration that fails', () => {
  test('leaves nothing, is not recorded, tells where, and can be corrected', async () => {
    put('1_fine', 'CREATE TABLE a (id int);');
    put('2_broken', 'CREATE TABLE b (id int);\n\nCREATE TABL c (id int);\n');
    const error = await errorOf(migrate(database.migrationUrl, [app()]));
    expect([error.code, error.migration]).toEqual(['MIGRATION_FAILED', 'app/2_broken']);
    expect(error.message).toMatch(/syntax error .* \(line 3\)/);
    expect((await recorded()).map((row) => row.migration_name)).toEqual(['1_fine']);
    put('2_broken', 'CREATE TABLE b (id int);');
    expect(await migrate(database.migrationUrl, [app()])).toHaveLength(1);
  });

  test('is one that ends the transaction of the runner', async () => {
    put('1_own', 'CREATE TABLE a (id int); COMMIT; CREATE TABLE b (id int);');
    expect((await errorOf(migrate(database.migrationUrl, [app()]))).message).toMatch(/contains BEGIN, COMMIT/);
  });

  test('gives way to traffic when it cannot get a lock, and then tries again', async () => {
    put('1_init', 'CREATE TABLE busy (id int);');
    await migrate(database.migrationUrl, [app()]);
    put('2_alter', 'ALTER TABLE busy ADD COLUMN b int;');
    const holder = await database.pool.connect();
    await holder.query('BEGIN; LOCK TABLE busy IN ACCESS SHARE MODE');
    const lines: string[] = [];
    const running = migrate(database.migrationUrl, [app()], {
      lockTimeoutMs: 50,
      pauseMs: 10,
      log: (line) => {
        lines.push(line);
        if (lines.length === 2) void holder.query('COMMIT').then(() => holder.release());
      },
    });
    expect(await running).toHaveLength(1);
    expect(lines[0]).toBe('app/2_alter waits for a lock (1 of 20)');
  });
});

describe('without a transaction', () => {
  const concurrently = '-- causeway: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS a_id ON a (id);';

  test('an index can be made concurrently, also by two runners', async () => {
    put('1_init', 'CREATE TABLE a (id int);');
    put('2_index', concurrently);
    const results = await Promise.all([
      migrate(database.migrationUrl, [app()]),
      migrate(database.migrationUrl, [app()]),
    ]);
    expect(results.map((each) => each.length).sort()).toEqual([0, 2]);
    expect(await recorded()).toMatchObject([{ applied_steps_count: 1 }, { applied_steps_count: 1 }]);
  });

  test.each(['prisma', 'causeway'] as const)('one that was interrupted is run again (%s)', async (table) => {
    const set = { ...app(), table };
    put('1_init', 'CREATE TABLE a (id int);');
    put('2_index', concurrently.replace('ON a', 'ON missing'));
    expect((await errorOf(migrate(database.migrationUrl, [set]))).code).toBe('MIGRATION_FAILED');
    expect((await errorOf(verifyMigrations(database.pool, [set]))).code).toBe('MIGRATIONS_PENDING');
    put('2_index', concurrently);
    expect(await migrate(database.migrationUrl, [set])).toHaveLength(1);
    await verifyMigrations(database.pool, [set]);
    expect(await migrate(database.migrationUrl, [set])).toEqual([]);
  });
});

describe('verifying', () => {
  test('names everything that is missing, of every set, and changes nothing', async () => {
    put('1_init', 'CREATE TABLE a (id int);');
    const error = await errorOf(verifyMigrations(database.pool, [persistenceMigrations, app()]));
    expect(error).toMatchObject({
      code: 'MIGRATIONS_PENDING',
      retryable: true,
      pending: [...ofTheLibrary.map((name) => `persistence/${name}`), 'app/1_init'],
    });
    const { rows } = await database.pool.query(
      `SELECT to_regclass('_prisma_migrations') AS a, to_regnamespace('causeway') AS b`,
    );
    expect(rows).toEqual([{ a: null, b: null }]);
    await migrate(database.migrationUrl, [persistenceMigrations, app()]);
    await verifyMigrations(database.pool, [persistenceMigrations, app()]);
  });
});

test('a database that is not there is DatabaseUnavailable', async () => {
  const url = new URL(database.url);
  url.port = '1';
  expect((await errorOf(migrate(url.href, [persistenceMigrations]))).code).toBe('DATABASE_UNAVAILABLE');
});
