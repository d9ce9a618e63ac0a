import { startPostgres, type TestPostgres } from '@causeway/testkit';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import {
  createPool,
  DatabaseHealth,
  DatabaseUnavailable,
  migrate,
  persistenceMigrations,
  PersistenceModule,
  PG_POOL,
  PgUnitOfWork,
  PRISMA,
  translatePgError,
  runMigrations,
  sqlStateOf,
  waitForDatabase,
  waitForSchema,
} from '../src/index.js';
import { errorOf, settingsFor, until } from './helpers.js';

@Module({})
class App {}

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop(), 30_000);

let next = 0;
const newDatabase = () =>
  postgres.ensureDatabase(`app${++next}`, { password: 'secret-of-the-app', ownerPassword: 'secret-of-the-owner' });

async function asOwner(url: string, statement: string): Promise<void> {
  const pool = createPool(settingsFor(url));
  await pool.query(statement);
  await pool.end();
}

function start(url: string, disconnected: string[] = []) {
  const imports = [
    PersistenceModule.forRoot({
      settings: settingsFor(url),
      migrations: [persistenceMigrations],
      prisma: (adapter) => ({ adapter, $disconnect: async () => void disconnected.push('prisma') }),
      applicationName: 'module-test',
    }),
  ];
  return NestFactory.createApplicationContext({ module: App, imports }, { logger: false });
}

test('start-up waits for the database and its migrations, and shutdown closes everything', async () => {
  const { url, migrationUrl } = await newDatabase();
  await postgres.halt();
  let ready = false;
  const disconnected: string[] = [];
  const starting = start(url, disconnected).then((app) => {
    ready = true;
    return app;
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(ready).toBe(false);
  await postgres.restart();
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  expect(ready).toBe(false);
  await migrate(migrationUrl, [persistenceMigrations]);
  const app = await starting;
  const pool = app.get<pg.Pool>(PG_POOL);
  expect((await pool.query('SHOW application_name')).rows).toEqual([{ application_name: 'module-test' }]);
  expect(app.get(PRISMA).adapter).toBeInstanceOf(PrismaPg);
  await app.close();
  expect([pool.ended, disconnected]).toEqual([true, ['prisma']]);
});

test('start-up does not wait if waiting will not help', async () => {
  const { url, migrationUrl } = await newDatabase();
  await migrate(migrationUrl, [persistenceMigrations]);
  await asOwner(migrationUrl, `UPDATE causeway.migrations SET checksum = 'edited'`);
  const pool = createPool(settingsFor(url));
  expect((await errorOf(waitForDatabase(pool, [persistenceMigrations]))).code).toBe('MIGRATION_CHANGED');
  await pool.end();
});

test('`migrate` waits for a database that is not there yet, and not for ever', async () => {
  expect(
    (await errorOf(runMigrations('postgres://nobody@127.0.0.1:1/none', [persistenceMigrations], { waitMs: 0 }))).code,
  ).toBe('DATABASE_UNAVAILABLE');
  const late = new URL((await newDatabase()).migrationUrl);
  late.pathname = '/made_late';
  const migrating = runMigrations(late.href, [persistenceMigrations]);
  const pool = createPool(settingsFor(postgres.url()));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await pool.query(`CREATE DATABASE made_late OWNER app${next}_owner`);
  await pool.end();
  await migrating;
});

test('`wait-for-schema` ends once the schema is new enough, and a newer one is fine', async () => {
  const { url, migrationUrl } = await newDatabase();
  let done = false;
  const waiting = waitForSchema(settingsFor(url), [persistenceMigrations]).then(() => (done = true));
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(done).toBe(false);
  await migrate(migrationUrl, [persistenceMigrations]);
  await waiting;
  const newer = `INSERT INTO causeway.migrations (set_name, name, checksum)
    VALUES ('persistence', '99999999999999_of_a_later_version', 'x')`;
  await asOwner(migrationUrl, newer);
  await waitForSchema(settingsFor(url), [persistenceMigrations]);
});

test('the waiting can be ended', async () => {
  const pool = createPool(settingsFor('postgres://nobody@127.0.0.1:1/none'));
  const stop = new AbortController();
  const waiting = errorOf(waitForDatabase(pool, [], { signal: stop.signal }));
  await new Promise((resolve) => setTimeout(resolve, 50));
  stop.abort();
  expect((await waiting).name).toBe('AbortError');
  await pool.end();
});

describe('a database that stops and starts again', () => {
  test('units of work, health and Prisma say so, and recover by themselves', async () => {
    const pool = createPool(settingsFor((await newDatabase()).url));
    let now = 0;
    const health = new DatabaseHealth(pool, () => now);
    const uow = new PgUnitOfWork(pool, ({ sql }) => sql);
    const prisma = await new PrismaPg(pool).connect();
    const ask = { sql: 'SELECT 1', args: [], argTypes: [] };
    await Promise.all([uow.run((sql) => sql.query('SELECT 1')), health.check(), prisma.queryRaw(ask)]);

    await postgres.kill();
    // Its processes live on for a moment, and answer.
    await until('its last process is gone', () => pool.totalCount === 0);
    // What answered a moment ago is taken for alive: readiness is not the place to notice first.
    await health.check();
    now += 5_000;
    for (const failing of [
      () => uow.run((sql) => sql.query('SELECT 1')),
      () => uow.single((sql) => sql.query('SELECT 1')),
      () => health.check(),
      () => prisma.queryRaw(ask).catch((error: unknown) => Promise.reject(translatePgError(error))),
    ]) {
      expect(await errorOf(failing())).toBeInstanceOf(DatabaseUnavailable);
    }

    await postgres.restart();
    await until('the database answers', () =>
      uow
        .single((sql) => sql.query('SELECT 1'))
        .then(
          () => true,
          () => false,
        ),
    );
    await health.check();
    expect((await prisma.queryRaw(ask)).rows).toEqual([[1]]);
    await pool.end();
  });

  test('the SQLSTATE of a unique violation arrives through the adapter of Prisma, too', async () => {
    const { url, migrationUrl } = await newDatabase();
    await asOwner(migrationUrl, 'CREATE TABLE a (id int CONSTRAINT a_id UNIQUE)');
    const pool = createPool(settingsFor(url));
    const prisma = await new PrismaPg(pool).connect();
    const insert = { sql: 'INSERT INTO a VALUES (1)', args: [], argTypes: [] };
    await prisma.executeRaw(insert);
    expect(sqlStateOf(await errorOf(prisma.executeRaw(insert)))).toBe('23505');
    await pool.end();
  });
});
