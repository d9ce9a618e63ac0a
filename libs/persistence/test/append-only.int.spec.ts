import { createDatabase, type TestDatabase } from '@causeway/testkit';
import type pg from 'pg';
import { createPool, migrate, MigrationRightsMissing, persistenceMigrations, verifyMigrations } from '../src/index.js';
import { errorOf, settingsFor } from './helpers.js';

let database: TestDatabase;
/** With the rights of a service. */
let service: pg.Pool;
beforeAll(async () => {
  database = await createDatabase({ migrations: [persistenceMigrations] });
  service = createPool(settingsFor(database.url));
});
afterAll(async () => {
  await service.end();
  await database.drop();
});

test.each([
  ['UPDATE facts SET what = 1'],
  ['DELETE FROM facts'],
  ['TRUNCATE facts'],
  ['INSERT INTO facts VALUES (1) ON CONFLICT (what) DO UPDATE SET what = 2'],
])('an append-only table takes new rows, and refuses a service and its owner: %s', async (change) => {
  await database.pool.query('DROP TABLE IF EXISTS facts; CREATE TABLE facts (what int PRIMARY KEY)');
  await database.pool.query("SELECT causeway.append_only('facts')");
  await service.query('INSERT INTO facts VALUES (1)');

  expect(await errorOf(service.query(change))).toMatchObject({
    code: '42501',
    message: 'permission denied for table facts',
  });
  expect(await errorOf(database.pool.query(change))).toMatchObject({
    code: '42501',
    message: expect.stringMatching(/^public\.facts is append-only: (UPDATE|DELETE|TRUNCATE) is refused$/),
  });
  expect((await service.query('SELECT what FROM facts')).rows).toEqual([{ what: 1 }]);
});

test('a service reads what was migrated and cannot change that record', async () => {
  await verifyMigrations(service, [persistenceMigrations]);
  for (const change of [
    'DELETE FROM causeway.migrations',
    "UPDATE causeway.migrations SET checksum = ''",
    "INSERT INTO causeway.migrations VALUES ('a', 'b', 'c')",
  ])
    expect(await errorOf(service.query(change))).toMatchObject({ code: '42501' });
});

test('`migrate` with the role of a service says which setting is missing', async () => {
  const error = await errorOf(migrate(database.url, [{ ...persistenceMigrations, name: 'another' }]));
  expect(error).toBeInstanceOf(MigrationRightsMissing);
  expect(error.message).toBe('the role may not migrate this database: permission denied for schema causeway');
});
