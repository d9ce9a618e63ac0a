import { setTimeout as sleep } from 'node:timers/promises';
import { sessionConfig, type ServerTrust } from '@causeway/persistence/session';
import pg from 'pg';
import { CommandFailed } from '../failure.js';
import { mistrustOf } from './connect.js';

export type Query = <Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]) => Promise<Row[]>;

/** The URL of a database, and who vouches for its server where that has TLS. */
export type DatabaseAddress = string | { readonly url: string; readonly trust: ServerTrust };

export const addressOf = (url: string, trust: ServerTrust | undefined): DatabaseAddress =>
  trust ? { url, trust } : url;

/**
 * Reads from a service's database. The session is read-only, whatever the role may do: a command that looks must not
 * be able to change anything.
 * @param limitMs Longest time of a statement, milliseconds. Default 10 000.
 */
export async function readDatabase<T>(
  address: DatabaseAddress,
  read: (query: Query) => Promise<T>,
  limitMs = 10_000,
): Promise<T> {
  const { url, trust } = typeof address === 'string' ? { url: address, trust: undefined } : address;
  const { options, ...session } = sessionConfig(url, trust);
  const client = new pg.Client({
    ...session,
    options: `${options} -c default_transaction_read_only=on -c statement_timeout=${limitMs}`,
    connectionTimeoutMillis: 3_000,
    // A server that hangs keeps no time itself.
    query_timeout: limitMs,
    application_name: 'npx causeway',
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    const { host, pathname } = new URL(url);
    const server = `the database ${pathname.slice(1)} at ${host}`;
    throw (
      mistrustOf(server, 'DATABASE_CA', error) ??
      new CommandFailed(`${server} cannot be reached`, undefined, { cause: error })
    );
  }
  try {
    return await read(async (sql, values) => (await client.query(sql, values ? [...values] : undefined)).rows);
  } finally {
    // A server that hangs does not say goodbye.
    await Promise.race([client.end(), sleep(1_000, undefined, { ref: false })]);
  }
}
