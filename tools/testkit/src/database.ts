import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { asAdmin, ensureRole, grantRights, ownerOf } from '@causeway/launcher/postgres';
import type { MigrationSet } from '@causeway/persistence';
import { sessionConfig } from '@causeway/persistence/session';
import pg from 'pg';
import { sharedClusterUrl } from './shared-cluster.js';

export interface TestDatabase {
  readonly name: string;
  /** With the rights that a service runs with: it reads and writes rows, and owns nothing. */
  readonly url: string;
  /** With the rights of migrations: owner of the database, no superuser. */
  readonly migrationUrl: string;
  /**
   * For the test itself, at most 10 connections. The owner, who also sees and ends the sessions of the service. `drop`
   * ends it.
   */
  readonly pool: pg.Pool;
  /** Ends the pool and drops the database, ending all connections to it. */
  drop(): Promise<void>;
}

const role = 'tester';
const owner = ownerOf(role);
const password = 'throw-away';

/**
 * Creates a database on the cluster that Jest's global setup started (project `integration`).
 *
 * @param options.migrations Applied in this order. The first test of a run applies them to a template; the others copy
 * it (about 40 ms).
 */
export async function createDatabase({
  migrations = [],
}: { migrations?: readonly MigrationSet[] } = {}): Promise<TestDatabase> {
  const admin = process.env[sharedClusterUrl];
  if (!admin)
    throw new Error(
      `${sharedClusterUrl} is not set: name the file *.int.spec.ts, so that it runs in the project "integration"`,
    );
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asAdmin(admin, async (client) => {
    const template = await ensureTemplate(client, admin, migrations);
    await client.query(`CREATE DATABASE ${name} OWNER ${owner} TEMPLATE ${template} STRATEGY FILE_COPY`);
    // A copy has all rights of the template but those to the database itself.
    await client.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC; GRANT CONNECT ON DATABASE ${name} TO ${role}`);
  });
  const [url, migrationUrl] = [urlOf(admin, name, role), urlOf(admin, name, owner)];
  const pool = new pg.Pool({ ...sessionConfig(migrationUrl), max: 10 });
  // Tests end connections on purpose; without a listener an idle client's error ends the process.
  pool.on('error', () => undefined);
  const drop = async (): Promise<void> => {
    if (!pool.ended) await pool.end();
    await asAdmin(admin, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  };
  return { name, url, migrationUrl, pool, drop };
}

async function ensureTemplate(client: pg.Client, admin: string, migrations: readonly MigrationSet[]): Promise<string> {
  const name = `template_${contentHash(migrations)}`;
  // Workers of one run meet here: one makes the template, the others wait. A session lock, since CREATE DATABASE
  // refuses transactions.
  await client.query('SELECT pg_advisory_lock(727271)');
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate', [name]);
    if (rowCount) return name;
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    for (const each of [role, owner]) await ensureRole(client, each, password);
    await client.query(`GRANT pg_read_all_stats, pg_signal_backend TO ${owner}`);
    await client.query(`CREATE DATABASE ${name} OWNER ${owner}`);
    await grantRights(admin, name, role);
    if (migrations.length > 0) {
      const { migrate } = await import('@causeway/persistence');
      await migrate(urlOf(admin, name, owner), [...migrations], { log: () => undefined });
    }
    await client.query(`ALTER DATABASE ${name} IS_TEMPLATE true`);
    return name;
  } finally {
    await client.query('SELECT pg_advisory_unlock(727271)');
  }
}

/** Over the names and the bytes of all migrations and repeatable scripts: an edited one gets another template. */
function contentHash(migrations: readonly MigrationSet[]): string {
  const hash = createHash('sha256');
  for (const { name, directory, table, repeatable = [] } of migrations) {
    hash.update(`${name} ${table} ${directory}\n`);
    for (const entry of readdirSync(directory).sort()) {
      const file = join(directory, entry, 'migration.sql');
      if (statSync(file, { throwIfNoEntry: false })?.isFile()) hash.update(`${entry}\n`).update(readFileSync(file));
    }
    for (const script of repeatable) hash.update(`${script.name}\n`).update(readFileSync(script.file));
  }
  return hash.digest('hex').slice(0, 24);
}

function urlOf(admin: string, database: string, user: string): string {
  const url = new URL(admin);
  url.username = user;
  url.pathname = `/${database}`;
  return url.href;
}
