import { loadSettings } from '@causeway/config';
import { createDatabase, type TestDatabase } from '@causeway/testkit';
import type pg from 'pg';
import {
  createPool,
  databaseSettings,
  persistenceMigrations,
  type DatabaseSettings,
  type Transaction,
} from '../src/index.js';

export const settingsFor = (
  url: string,
  overrides: Partial<Record<keyof DatabaseSettings, string>> = {},
): DatabaseSettings => loadSettings(databaseSettings, { DATABASE_URL: url, ...overrides });

/** A database with the tables of the library and `counters(name, value)`, and the pool that a service would have. */
export async function prepare(overrides: Partial<Record<keyof DatabaseSettings, string>> = {}) {
  const database = await createDatabase({ migrations: [persistenceMigrations] });
  await database.pool.query('CREATE TABLE counters (name text PRIMARY KEY, value integer NOT NULL CHECK (value >= 0))');
  const pool = createPool(settingsFor(database.url, overrides));
  const close = async (): Promise<void> => {
    if (!pool.ended) await pool.end();
    await database.drop();
  };
  return { database, pool, close };
}
export type Prepared = Awaited<ReturnType<typeof prepare>>;

// Taken apart on purpose: that is how services bind their repositories.
export const counters = ({ sql, afterCommit }: Transaction) => ({
  sql,
  afterCommit,
  add: async (name: string, by: number): Promise<void> => {
    await sql.query(
      'INSERT INTO counters AS c VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = c.value + excluded.value',
      [name, by],
    );
  },
  read: async (name: string): Promise<number> => {
    const { rows } = await sql.query<{ value: number }>('SELECT value FROM counters WHERE name = $1', [name]);
    return rows[0]?.value ?? 0;
  },
});

/** Ends connections of the service's pool from outside, as an administrator would. @returns how many. */
export async function killConnections(database: TestDatabase, where = 'true'): Promise<number> {
  const { rows } = await database.pool.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'causeway' AND ${where}`,
  );
  return rows.length;
}

/** Asks until the answer is true; fails after 5 s. */
export async function until(what: string, ask: () => Promise<boolean> | boolean): Promise<void> {
  const giveUpAt = performance.now() + 5_000;
  while (!(await ask())) {
    if (performance.now() > giveUpAt) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Resolves once a connection of the service's pool is running (or waiting in) a statement like this. */
export const untilRunning = (database: TestDatabase, like: string): Promise<void> =>
  until(`a statement like ${like} runs`, async () => {
    const { rowCount } = await database.pool.query(
      `SELECT 1 FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'causeway' AND state = 'active' AND query LIKE $1`,
      [like],
    );
    return rowCount! > 0;
  });

// The fields of an unknown error are what a test wants to look at.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export const errorOf = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => {
      throw new Error('expected an error');
    },
    (error: unknown) => error,
  );

export async function valueOf(pool: pg.Pool, name: string): Promise<number> {
  const { rows } = await pool.query('SELECT value FROM counters WHERE name = $1', [name]);
  return rows[0]?.value ?? 0;
}

/** Watches the connection that the pool gives out next: the texts that are sent on it, and in how many round trips. */
export async function watchClient(
  pool: pg.Pool,
  work: () => Promise<unknown>,
): Promise<{ sent: string[]; roundTrips: number }> {
  const seen = { sent: [] as string[], roundTrips: 0 };
  let running = 0;
  const client = await pool.connect();
  const original = client.query;
  client.query = ((...input: [string | { text: string }]) => {
    seen.sent.push(typeof input[0] === 'string' ? input[0] : input[0].text);
    if (running++ === 0) seen.roundTrips += 1;
    return (Reflect.apply(original, client, input) as Promise<unknown>).finally(() => running--);
  }) as typeof client.query;
  client.release();
  try {
    await work();
  } finally {
    client.query = original;
  }
  return seen;
}
