import type { DatabaseUrls } from '@causeway/launcher/postgres';
import { migrateDatabase } from '@causeway/launcher/schema';
import { sessionConfig } from '@causeway/persistence/session';
import { services } from '@causeway/system';
import pg from 'pg';
import { allowedBeyondRights, startPostgres, type TestPostgres } from '../src/index.js';

const withDatabase = services.filter(({ database }) => database);
const passwords = { password: 'of the service', ownerPassword: 'of its owner' };
let postgres: TestPostgres;
const urls = new Map<string, DatabaseUrls>();

beforeAll(async () => {
  postgres = await startPostgres();
  for (const service of withDatabase) {
    const made = await postgres.ensureDatabase(service.database!, passwords);
    await migrateDatabase(service, made.migrationUrl);
    urls.set(service.name, made);
  }
}, 120_000);
afterAll(() => postgres?.stop());

async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(sessionConfig(url));
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
const rows = (url: string, text: string): Promise<unknown[]> =>
  connected(url, async (client) => (await client.query<object>(text)).rows);

/** Every table that the owner has, by what its service may do there. */
const tableRights = `SELECT c.oid::regclass::text AS name,
    array(SELECT p FROM unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) p
          WHERE has_table_privilege(c.oid, p)) AS rights
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
  WHERE relkind IN ('r', 'p') AND nspname IN ('public', 'causeway') ORDER BY 1`;
const records = /^(causeway\.(migrations|repeatable_scripts)|_prisma_migrations)$/;

test.each(withDatabase.map(({ name, database }) => [name, database!]))(
  'the role that %s runs with is refused everything but rows',
  async (name, database) => {
    const others = [...withDatabase.flatMap((each) => each.database!), 'postgres', 'template1'];
    const { url } = urls.get(name)!;
    expect(
      await allowedBeyondRights(
        url,
        others.filter((other) => other !== database),
      ),
    ).toEqual([]);
    const tables = (await rows(url, tableRights)) as { name: string; rights: string[] }[];
    expect(tables.length).toBeGreaterThan(4);
    for (const table of tables) {
      const appendOnly = ['SELECT', 'INSERT'];
      const expected = records.test(table.name) ? [['SELECT']] : [[...appendOnly, 'UPDATE', 'DELETE'], appendOnly];
      expect(expected.map(String)).toContain(String(table.rights));
    }
  },
);

test('the owner of a database gets into no other, and is no superuser', async () => {
  const owner = new URL(urls.get('user')!.migrationUrl);
  owner.pathname = '/postgres';
  await expect(rows(owner.href, 'SELECT 1')).rejects.toMatchObject({ code: '42501' });
  for (const statement of ['CREATE ROLE mine', 'CREATE DATABASE mine', 'SELECT rolpassword FROM pg_authid'])
    await expect(rows(urls.get('user')!.migrationUrl, statement)).rejects.toMatchObject({ code: '42501' });
});

describe('a database of an older version, whose one role owned everything', () => {
  let made: DatabaseUrls;
  beforeAll(async () => {
    const statements = [
      `CREATE ROLE old LOGIN PASSWORD '${passwords.password}'`,
      'CREATE DATABASE old OWNER old TEMPLATE template0',
      'REVOKE ALL ON DATABASE old FROM PUBLIC',
    ];
    for (const statement of statements) await rows(postgres.url(), statement);
    const old = new URL(postgres.url('old'));
    [old.username, old.password] = ['old', passwords.password];
    await connected(old.href, async (service) => {
      await service.query(`CREATE SCHEMA causeway; CREATE TABLE causeway.inbox (handled_at timestamptz);
        CREATE TABLE public.things (id bigserial PRIMARY KEY, parent bigint REFERENCES public.things);
        CREATE VIEW public.names AS SELECT id FROM public.things;
        CREATE FUNCTION public.count_things() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM public.things'`);
      // A service that is connected works on, in the middle of it.
      await service.query('INSERT INTO things DEFAULT VALUES');
      made = await postgres.ensureDatabase('old', passwords);
      await service.query('INSERT INTO things (parent) VALUES (1)');
    });
  });

  test('is handed over: the role keeps its rows, and the owner everything else', async () => {
    expect(await rows(made.url, 'SELECT count_things() AS things, count(*) AS names FROM names')).toEqual([
      { things: '2', names: '2' },
    ]);
    await expect(rows(made.url, 'ALTER TABLE things ADD COLUMN mine int')).rejects.toMatchObject({ code: '42501' });
    await rows(made.migrationUrl, 'ALTER TABLE things ADD COLUMN more int; CREATE TABLE later (id bigserial)');
    expect(await rows(made.url, 'UPDATE things SET more = 1 WHERE id = 1 RETURNING more')).toEqual([{ more: 1 }]);
    expect(await rows(made.url, 'INSERT INTO later DEFAULT VALUES RETURNING id')).toEqual([{ id: '1' }]);
  });

  test('is handed over once: what a migration has revoked stays so, whenever the roles are made again', async () => {
    await rows(made.migrationUrl, 'CREATE TABLE facts (id int); REVOKE UPDATE, DELETE ON facts FROM old');
    await postgres.ensureDatabase('old', passwords);
    await expect(rows(made.url, 'DELETE FROM facts')).rejects.toMatchObject({ code: '42501' });
    await rows(made.url, 'INSERT INTO facts VALUES (1)');
  });
});
