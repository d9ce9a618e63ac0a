import { CodedError } from '@causeway/errors';
import type pg from 'pg';

/**
 * What our sessions depend on, whatever an administrator has set for the server, the database or the role. Kept as `pg_settings` shows them.
 *
 * Prisma's adapter sends times without their zone and cuts the zone off those that it reads: right only where both are UTC. The other formats are
 * those that `pg` parses. Names without a schema are those of `public`. Read committed is what `place_order` and every lock are written for.
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

/** No limits but our own: the pool sets those that it wants, and a migration takes as long as it takes. */
const unlimited = { statement_timeout: '0', lock_timeout: '0', idle_in_transaction_session_timeout: '0' };

/** Spaces and backslashes end or escape an argument (`pg_split_opts` of the server). */
const escaped = (value: string): string => value.replaceAll(/[\\ ]/g, String.raw`\$&`);

const switches = Object.entries({ ...pinned, ...unlimited })
  .map(([name, value]) => `-c ${name}=${escaped(value)}`)
  .join(' ');

/**
 * How to connect so that a session brings its own settings: in the startup packet, which costs no round trip and outranks `ALTER ROLE … SET`
 * and `ALTER DATABASE … SET`. Every connection of ours is made with it. `options` of the URL are kept, but not against ours; PGOPTIONS is
 * not looked at.
 *
 * @param url `postgres://user:password@host:port/database`
 */
export function sessionConfig(url: string): { readonly connectionString: string; readonly options: string } {
  const parsed = URL.parse(url);
  const theirs = parsed?.searchParams.get('options');
  if (!parsed || !theirs) return { connectionString: url, options: switches };
  // `pg` lets what stands in the URL win over everything else.
  parsed.searchParams.delete('options');
  return { connectionString: parsed.href, options: `${theirs} ${switches}` };
}

/** A session has other settings, or the database another encoding, than everything here is written for: times and texts would be damaged. */
export class DatabaseUnsuitable extends CodedError {
  readonly code = 'DATABASE_UNSUITABLE';
  readonly remedy =
    'Create the database with the encoding UTF8. Connect without a pooler, or through one that passes the startup parameter `options`.';

  /** @param wrong What is wrong, each with what was expected. */
  constructor(readonly wrong: readonly string[]) {
    super(`the database is not set up as this build needs it: ${wrong.join('; ')}`);
  }
}

interface SessionRow {
  readonly name: string;
  readonly setting: string;
}

/** Settings that a session has in spite of `sessionConfig`, such as behind a pooler that drops them: `TimeZone is Asia/Shanghai`. */
export async function unpinned(pool: Pick<pg.Pool, 'query'>): Promise<string[]> {
  const expected: Readonly<Record<string, string>> = { ...pinned, client_encoding: 'UTF8', server_encoding: 'UTF8' };
  const { rows } = await pool.query<SessionRow>('SELECT name, setting FROM pg_settings WHERE name = ANY ($1)', [
    Object.keys(expected),
  ]);
  return rows
    .filter(({ name, setting }) => setting !== expected[name])
    .map(({ name, setting }) => `${name} is ${setting}, not ${expected[name]}`);
}
