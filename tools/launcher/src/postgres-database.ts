import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sessionConfig, type ServerTrust } from '@causeway/persistence/session';
import pg from 'pg';
import { repository } from './places.js';

/** Where a database is reached, with the rights of each of its two roles. */
export interface DatabaseUrls {
  /** Of the role that a service runs with: it reads and writes rows. */
  readonly url: string;
  /** Of the role that owns the database and runs its migrations. */
  readonly migrationUrl: string;
}

export interface DatabasePasswords {
  readonly password: string;
  readonly ownerPassword: string;
}

/** Name of the role that owns what the role of a service uses. */
export const ownerOf = (role: string): string => `${role}_owner`;

/**
 * Creates a database with its two roles, or sets their passwords. What an older version made, with one role for
 * everything, is handed over. Runs again at any time.
 * @param admin URL of a superuser.
 * @param trust Who vouches for the server. Default: no TLS.
 */
export async function ensureDatabase(
  admin: string,
  name: string,
  { password, ownerPassword }: DatabasePasswords,
  trust?: ServerTrust,
): Promise<void> {
  const owner = ownerOf(name);
  await asAdmin(
    admin,
    async (client) => {
      await ensureRole(client, name, password);
      await ensureRole(client, owner, ownerPassword);
      const databases = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
      const [quoted, quotedOwner] = [client.escapeIdentifier(name), client.escapeIdentifier(owner)];
      if (!databases.rowCount)
        await client.query(`CREATE DATABASE ${quoted} OWNER ${quotedOwner} ENCODING 'UTF8' TEMPLATE template0`);
      // What the server brings along is for its administrator alone.
      await client.query('REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC');
    },
    trust,
  );
  await grantRights(admin, name, name, trust);
}

/** Creates a role without any rights, unless it exists, and sets its password. */
export async function ensureRole(client: pg.Client, role: string, password: string): Promise<void> {
  const roles = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
  await client.query(
    `${roles.rowCount ? 'ALTER' : 'CREATE'} ROLE ${client.escapeIdentifier(role)} LOGIN PASSWORD ${client.escapeLiteral(password)}`,
  );
}

/** The same file in Compose and in Kubernetes. */
const rights = join(repository, 'k8s/components/postgres/rights.sql');

/**
 * Gives a database to its two roles.
 * @param admin URL of a superuser.
 * @param role Default: that of the name of the database.
 */
export async function grantRights(
  admin: string,
  database: string,
  role = database,
  trust?: ServerTrust,
): Promise<void> {
  const url = new URL(admin);
  url.pathname = `/${database}`;
  await asAdmin(
    url.href,
    async (client) => {
      await client.query(`SELECT set_config('causeway.role', $1, false)`, [role]);
      await client.query(readFileSync(rights, 'utf8'));
    },
    trust,
  );
}

export async function asAdmin<T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
  trust?: ServerTrust,
): Promise<T> {
  const client = new pg.Client(sessionConfig(url, trust));
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
