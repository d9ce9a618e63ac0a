import { CodedError } from '@causeway/errors';
import type pg from 'pg';

/**
 * The settings that our sessions need, whatever an administrator has set for the server, the database or the role.
 * Values are those that `pg_settings` shows.
 *
 * Prisma's adapter sends times without a zone and drops the zone of those it reads, which is right only if both are
 * UTC. The other formats are those that `pg` parses. Names without a schema belong to `public`. `place_order` and every
 * lock are written for read committed.
 */
export const pinned: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  search_path: 'public',
  default_transaction_isolation: 'read committed',
};

/** No limits but our own: the pool sets those that it needs, and a migration may take any time. */
const unlimited = { statement_timeout: '0', lock_timeout: '0', idle_in_transaction_session_timeout: '0' };

/** In `options`, spaces separate arguments and backslashes escape (`pg_split_opts` of the server). */
const escaped = (value: string): string => value.replaceAll(/[\\ ]/g, String.raw`\$&`);

const switches = Object.entries({ ...pinned, ...unlimited })
  .map(([name, value]) => `-c ${name}=${escaped(value)}`)
  .join(' ');

/**
 * Returns how to connect so that a session has our settings: they travel in the startup packet, which costs no round
 * trip and outranks `ALTER ROLE … SET` and `ALTER DATABASE … SET`. Use it for every connection. `options` of the URL
 * are kept, but ours win; PGOPTIONS is ignored.
 *
 * @param url `postgres://user:password@host:port/database`
 * @param trust Who vouches for the server, so that the session is encrypted and the server is who it should be. Default:
 *   what the URL says (`sslmode`), which is no TLS if it says nothing.
 */
export function sessionConfig(url: string, trust?: ServerTrust): SessionConfig {
  const parsed = URL.parse(url);
  if (!parsed?.search) return { connectionString: url, options: switches, ...(trust && { ssl: trust }) };
  // In `pg`, what is in the URL wins over all else.
  const theirs = parsed.searchParams.get('options');
  parsed.searchParams.delete('options');
  if (trust)
    for (const name of [...parsed.searchParams.keys()].filter((each) => each.startsWith('ssl')))
      parsed.searchParams.delete(name);
  const options = theirs ? `${theirs} ${switches}` : switches;
  return { connectionString: parsed.href, options, ...(trust && { ssl: trust }) };
}

/** What a server's certificate is checked against. */
export interface ServerTrust {
  /** Certificates in PEM, those of whoever has signed it. */
  readonly ca: string;
  /** The name in it, where the server is reached by another address, as through a tunnel. Default: the host. */
  readonly servername?: string;
}

interface SessionConfig {
  readonly connectionString: string;
  readonly options: string;
  readonly ssl?: ServerTrust;
}

/** The server is not the one that it should be, or one of both sides insists on TLS and the other does not. */
export class DatabaseUntrusted extends CodedError {
  readonly code = 'DATABASE_UNTRUSTED';
  readonly remedy =
    'Let DATABASE_CA_FILE name the certificate of the authority that signed the server’s, and DATABASE_URL a host that is in that certificate. Without TLS on the server, leave DATABASE_CA_FILE away.';

  constructor(reason: string, options?: ErrorOptions) {
    super(`the connection to the database cannot be trusted: ${reason}`, options);
  }
}

/**
 * A session has other settings than ours, or the database another encoding than UTF8: times and texts would be damaged.
 */
export class DatabaseUnsuitable extends CodedError {
  readonly code = 'DATABASE_UNSUITABLE';
  readonly remedy =
    'Create the database with the encoding UTF8. Connect without a pooler, or through one that passes the startup parameter `options`.';

  /** @param wrong Each wrong setting, with what was expected. */
  constructor(readonly wrong: readonly string[]) {
    super(`the database does not have the settings that this build needs: ${wrong.join('; ')}`);
  }
}

interface SessionRow {
  readonly name: string;
  readonly setting: string;
}

/**
 * Returns settings that differ in spite of `sessionConfig`, for example behind a pooler: `TimeZone is Asia/Shanghai,
 * not UTC`.
 */
export async function unpinned(pool: Pick<pg.Pool, 'query'>): Promise<string[]> {
  const expected: Readonly<Record<string, string>> = { ...pinned, client_encoding: 'UTF8', server_encoding: 'UTF8' };
  const { rows } = await pool.query<SessionRow>('SELECT name, setting FROM pg_settings WHERE name = ANY ($1)', [
    Object.keys(expected),
  ]);
  return rows
    .filter(({ name, setting }) => setting !== expected[name])
    .map(({ name, setting }) => `${name} is ${setting}, not ${expected[name]}`);
}
