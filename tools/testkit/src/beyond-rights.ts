import { sessionConfig } from '@causeway/persistence/session';
import pg from 'pg';

/**
 * What the role of a service must not be able to do in its own database, as a name and a statement.
 * @param table One of its tables, with the schema.
 */
const statements = (role: string, table: string): Readonly<Record<string, string>> => ({
  'create a table': 'CREATE TABLE public.mine (id int)',
  'create a temporary table': 'CREATE TEMP TABLE mine (id int)',
  'create a schema': 'CREATE SCHEMA mine',
  'create a function': 'CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
  'change a table': `ALTER TABLE ${table} ADD COLUMN mine int`,
  'drop a table': `DROP TABLE ${table}`,
  'empty a table at once': `TRUNCATE ${table}`,
  'create an index': `CREATE INDEX mine ON ${table} ((1))`,
  'create a trigger': `CREATE TRIGGER mine BEFORE UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
  'store a large object': 'SELECT lo_create(0)',
  'become the owner': `SET ROLE "${role}_owner"`,
  'become a superuser': 'SET SESSION AUTHORIZATION postgres',
  'give itself rights': `ALTER ROLE "${role}" CREATEROLE`,
  'change the password of the owner': `ALTER ROLE "${role}_owner" PASSWORD 'mine'`,
  'create a role': 'CREATE ROLE mine',
  'create a database': 'CREATE DATABASE mine',
  'drop its database': `DROP DATABASE "${role}"`,
  'read passwords': 'SELECT rolpassword FROM pg_authid',
  'read a file of the server': "SELECT pg_read_file('postgresql.conf')",
  'list files of the server': "SELECT pg_ls_dir('.')",
  'write a file of the server': `COPY ${table} TO '/tmp/mine'`,
  'run a program on the server': `COPY ${table} TO PROGRAM 'true'`,
  'change a setting of the server': 'ALTER SYSTEM SET fsync = off',
  'switch triggers off': 'SET session_replication_role = replica',
});

/** These check for a transaction before they check for rights. */
const outsideOfTransactions = /^(CREATE|DROP) DATABASE|^ALTER SYSTEM/;

/**
 * Tries everything that the role of a service has no right to, in its database and in others. Changes nothing: what
 * should succeed is rolled back, as far as PostgreSQL can.
 *
 * @param url Of the role, to its own database, which bears its name and has tables.
 * @param others Databases that it must not get into.
 * @returns What was not refused, or for another reason than a missing right (SQLSTATE 42501). Empty is good.
 */
export async function allowedBeyondRights(url: string, others: readonly string[]): Promise<string[]> {
  const allowed: string[] = [];
  const tried = async (what: string, attempt: () => Promise<unknown>): Promise<void> => {
    const state = await attempt().then(
      () => 'allowed',
      (error: unknown) => (error as { code?: string }).code ?? String(error),
    );
    if (state !== '42501') allowed.push(`${what}: ${state}`);
  };
  const client = new pg.Client(sessionConfig(url));
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `SELECT c.oid::regclass::text AS name FROM pg_class c WHERE relkind = 'r' AND has_table_privilege(c.oid, 'INSERT')`,
    );
    for (const [what, statement] of Object.entries(statements(client.user!, tables.rows[0]!.name))) {
      const apart = outsideOfTransactions.test(statement);
      if (!apart) await client.query('BEGIN');
      await tried(what, () => client.query(statement));
      if (!apart) await client.query('ROLLBACK');
    }
  } finally {
    await client.end();
  }
  for (const database of others) {
    const other = new URL(url);
    other.pathname = `/${database}`;
    const stranger = new pg.Client(sessionConfig(other.href));
    await tried(`connect to ${database}`, () => stranger.connect());
    await stranger.end();
  }
  return allowed;
}
