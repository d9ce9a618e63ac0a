import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, type TestDatabase } from '@causeway/testkit';
import {
  createPool,
  migrate,
  runMigrations,
  verifyMigrations,
  waitForSchema,
  type MigrationSet,
} from '../src/index.js';
import { errorOf, settingsFor } from './helpers.js';

let root: string;
let database: TestDatabase;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'repeatable-'));
  database = await createDatabase();
});
afterEach(async () => {
  rmSync(root, { recursive: true });
  await database.drop();
});

/** A release of the service: its numbered migrations and the text of `greet`, each in a folder of that release. */
function release(name: string, text: string, numbered: Record<string, string> = {}): MigrationSet {
  const directory = join(root, name, 'migrations');
  mkdirSync(directory, { recursive: true });
  for (const [each, sql] of Object.entries(numbered)) {
    mkdirSync(join(directory, each));
    writeFileSync(join(directory, each, 'migration.sql'), sql);
  }
  const file = join(root, name, 'greet.sql');
  writeFileSync(file, text);
  return { name: 'app', directory, table: 'prisma', repeatable: [{ name: 'greet', file }] };
}

const greeting = (text: string, comment = ''): string =>
  `${comment}CREATE OR REPLACE FUNCTION greet(request jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN ${text};
END $$;
`;
const one = greeting(`jsonb_build_object('text', 'one ' || (request ->> 'name'))`);
/** Compatible with callers of `one`: the new field of the request has a default, and the result only gains a field. */
const two = greeting(
  `jsonb_build_object('text', 'two ' || (request ->> 'name'), 'mood', coalesce(request ->> 'mood', 'calm'))`,
);

const greet = async (request: Record<string, string>): Promise<unknown> => {
  const { rows } = await database.pool.query('SELECT greet($1::jsonb) AS result', [JSON.stringify(request)]);
  return (rows as { result: unknown }[])[0]!.result;
};
const names = (applied: readonly { name: string }[]): string[] => applied.map(({ name }) => name);
const history = async (): Promise<number> => {
  const { rows } = await database.pool.query('SELECT count(*)::int AS texts FROM causeway.repeatable_scripts');
  return (rows as { texts: number }[])[0]!.texts;
};

describe('a repeatable script', () => {
  test('is applied after the numbered migrations, once, and again when its text changes', async () => {
    const numbered = { '1_init': 'CREATE TABLE greetings (text text);' };
    const first = release('one', `INSERT INTO greetings VALUES ('one');\n${one}`, numbered);
    expect(names(await migrate(database.migrationUrl, [first]))).toEqual(['1_init', 'greet']);
    expect(await migrate(database.migrationUrl, [first])).toEqual([]);
    const second = release('two', `INSERT INTO greetings VALUES ('two');\n${two}`, numbered);
    expect(names(await migrate(database.migrationUrl, [second]))).toEqual(['greet']);
    const { rows } = await database.pool.query('SELECT text FROM greetings');
    expect(rows).toEqual([{ text: 'one' }, { text: 'two' }]);
  });

  test('may use what the sets before its own create', async () => {
    const directory = join(root, 'library');
    mkdirSync(directory);
    const file = join(root, 'mood.sql');
    writeFileSync(file, `CREATE OR REPLACE FUNCTION mood() RETURNS text LANGUAGE sql AS $$ SELECT 'merry' $$;`);
    const library: MigrationSet = {
      name: 'library',
      directory,
      table: 'causeway',
      repeatable: [{ name: 'mood', file }],
    };
    // A function in the language sql is checked when it is created.
    const text = 'CREATE OR REPLACE FUNCTION greet(request jsonb) RETURNS text LANGUAGE sql AS $$ SELECT mood() $$;';
    await migrate(database.migrationUrl, [library, release('one', text)]);
    expect(await greet({})).toBe('merry');
  });

  test('is not applied again because git changed its line ends', async () => {
    await migrate(database.migrationUrl, [release('one', one)]);
    const windows = release('windows', one.replaceAll('\n', '\r\n'));
    expect(await migrate(database.migrationUrl, [windows])).toEqual([]);
    await verifyMigrations(database.pool, [windows]);
  });

  test('leaves no foreign row in the table that Prisma owns', async () => {
    await migrate(database.migrationUrl, [release('one', one, { '1_init': 'SELECT 1;' })]);
    const { rows } = await database.pool.query('SELECT migration_name FROM public._prisma_migrations');
    expect(rows).toEqual([{ migration_name: '1_init' }]);
  });

  test('that fails leaves nothing, says where, and is applied once corrected', async () => {
    await migrate(database.migrationUrl, [release('one', one)]);
    const error = await errorOf(
      migrate(database.migrationUrl, [release('bad', `${two}\nCREATE OR REPLASE FUNCTION x();`)]),
    );
    expect([error.code, error.migration]).toEqual(['MIGRATION_FAILED', 'app/greet']);
    expect(error.message).toMatch(/syntax error .* \(line 6\)/);
    expect([await greet({ name: 'Ada' }), await history()]).toEqual([{ text: 'one Ada' }, 1]);
    expect(names(await migrate(database.migrationUrl, [release('two', two)]))).toEqual(['greet']);
  });

  test('is applied once by runners that start together', async () => {
    const slow = release('one', `${one}SELECT pg_sleep(0.3);`);
    const results = await Promise.all([1, 2, 3].map(() => migrate(database.migrationUrl, [slow])));
    expect(results.map((each) => each.length).sort()).toEqual([0, 0, 1]);
    expect(await history()).toBe(1);
  });

  test('is pending until it is applied; the command wait-for-schema waits for it', async () => {
    const set = release('one', one);
    expect(await errorOf(verifyMigrations(database.pool, [set]))).toMatchObject({
      code: 'MIGRATIONS_PENDING',
      pending: ['app/greet'],
    });
    let over = false;
    const waiting = waitForSchema(settingsFor(database.url), [set]).then(() => (over = true));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(over).toBe(false);
    await runMigrations(database.migrationUrl, [set]);
    await waiting;
    await verifyMigrations(database.pool, [set]);
  });
});

describe('two releases side by side', () => {
  test('callers of both releases use the text of the newer one, on connections that were open before', async () => {
    const service = createPool(settingsFor(database.url, { DATABASE_POOL_MAX: '1' }));
    try {
      await migrate(database.migrationUrl, [release('one', one)]);
      const call = async (request: Record<string, string>) => {
        // Named, so that the session keeps its plan across the replacement.
        const statement = { name: 'greet', text: 'SELECT greet($1::jsonb) AS result' };
        const { rows } = await service.query({ ...statement, values: [JSON.stringify(request)] });
        return (rows as { result: unknown }[])[0]!.result;
      };
      expect(await call({ name: 'Ada' })).toEqual({ text: 'one Ada' });
      await migrate(database.migrationUrl, [release('two', two)]);
      expect(await call({ name: 'Ada' })).toEqual({ text: 'two Ada', mood: 'calm' });
      expect(await call({ name: 'Ada', mood: 'merry' })).toEqual({ text: 'two Ada', mood: 'merry' });
    } finally {
      await service.end();
    }
  });

  test('a call in progress ends with the text it began with, and holds the migration up no longer than that', async () => {
    const slow = greeting(`jsonb_build_object('text', 'slow', 'slept', pg_sleep(0.5)::text)`);
    await migrate(database.migrationUrl, [release('slow', slow)]);
    const running = greet({});
    await new Promise((resolve) => setTimeout(resolve, 150));
    await migrate(database.migrationUrl, [release('two', two)]);
    expect(await running).toMatchObject({ text: 'slow' });
    expect(await greet({ name: 'Ada' })).toMatchObject({ text: 'two Ada' });
  });

  test('an instance or a migration Job of the older release starts, and does not restore the older text', async () => {
    const [older, newer] = [release('one', one), release('two', two)];
    await migrate(database.migrationUrl, [older]);
    await migrate(database.migrationUrl, [newer]);
    await verifyMigrations(database.pool, [older]);
    const lines: string[] = [];
    expect(await migrate(database.migrationUrl, [older], { log: (line) => lines.push(line) })).toEqual([]);
    expect(lines).toEqual([expect.stringMatching(/^skipped app\/greet: .* change the file/)]);
    expect(await greet({ name: 'Ada' })).toMatchObject({ text: 'two Ada' });
    await verifyMigrations(database.pool, [newer]);
  });

  test('runners of both releases that start together end with the text of the newer one, once that was applied', async () => {
    const [older, newer] = [release('one', one), release('two', two)];
    await migrate(database.migrationUrl, [older]);
    await Promise.all([older, newer, older, newer].map((set) => migrate(database.migrationUrl, [set])));
    expect(await greet({ name: 'Ada' })).toMatchObject({ text: 'two Ada' });
  });

  test('an older text is restored on purpose by a changed file', async () => {
    const [older, newer] = [release('one', one), release('two', two)];
    await migrate(database.migrationUrl, [older]);
    await migrate(database.migrationUrl, [newer]);
    const restored = release('restored', `-- Restored: moods confused customers.\n${one}`);
    expect(names(await migrate(database.migrationUrl, [restored]))).toEqual(['greet']);
    expect(await greet({ name: 'Ada' })).toEqual({ text: 'one Ada' });
    // What it replaced is an older text now.
    expect(await migrate(database.migrationUrl, [newer])).toEqual([]);
    expect(await greet({ name: 'Ada' })).toEqual({ text: 'one Ada' });
  });
});

test('a numbered migration may become a repeatable script: its file goes, its record stays', async () => {
  const numbered = { '1_init': 'CREATE TABLE a (id int);', '2_greet': one.replace('CREATE OR REPLACE', 'CREATE') };
  const { repeatable: _, ...older } = release('one', one, numbered);
  await migrate(database.migrationUrl, [older]);
  const newer = release('two', two, { '1_init': numbered['1_init'], '3_more': 'CREATE TABLE b (id int);' });
  expect(await errorOf(verifyMigrations(database.pool, [newer]))).toMatchObject({
    pending: ['app/3_more', 'app/greet'],
  });
  expect(names(await migrate(database.migrationUrl, [newer]))).toEqual(['3_more', 'greet']);
  expect(await greet({ name: 'Ada' })).toMatchObject({ text: 'two Ada' });
  // The release before starts, and its runner finds nothing to do.
  await verifyMigrations(database.pool, [older]);
  expect(await migrate(database.migrationUrl, [older])).toEqual([]);
  expect(await greet({ name: 'Ada' })).toMatchObject({ text: 'two Ada' });
});
