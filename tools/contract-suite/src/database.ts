import { createHash } from 'node:crypto';
import { sessionConfig } from '@causeway/persistence/session';
import pg from 'pg';
import { ContractBroken, pause } from './broken.js';

/** Looks at the database of the service: whether anything in it changed. It knows no table by name. */
export class ServiceDatabase {
  private readonly pool: pg.Pool;

  /** @param restless Tables that change without a request or a message, as `schema.table`. */
  constructor(
    url: string,
    private readonly restless: readonly string[] = [],
  ) {
    this.pool = new pg.Pool({ ...sessionConfig(url), max: 2 });
    // The suite stops the server on purpose; without a listener an idle client's error would end the process.
    this.pool.on('error', () => undefined);
  }

  async rows<T extends object>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    return (await this.pool.query(sql, [...values])).rows as T[];
  }

  /**
   * A digest of each table, once nothing changes any more: what is published from an outbox, and what timers do, comes
   * to rest. By name, so that a difference can be named.
   */
  async atRest(): Promise<Readonly<Record<string, string>>> {
    let before = await this.digests();
    let equal = 0;
    for (let round = 0; round < 400; round += 1) {
      await pause(40);
      const now = await this.digests();
      equal = differenceOf(before, now).length === 0 ? equal + 1 : 0;
      if (equal === 2) return now;
      before = now;
    }
    throw new ContractBroken(
      'the database never rests; name the tables that change by themselves in `restless` of the fixture',
    );
  }

  private async digests(): Promise<Record<string, string>> {
    const tables = await this.rows<{ name: string }>(
      `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_catalog.pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
    );
    const digests: Record<string, string> = {};
    for (const { name } of tables.filter((table) => !this.restless.includes(table.name))) {
      const rows = await this.rows<{ line: string }>(`SELECT t::text AS line FROM ${name} t ORDER BY 1`);
      const hash = createHash('sha256');
      for (const { line } of rows) hash.update(line).update('\n');
      digests[name] = hash.digest('hex');
    }
    return digests;
  }

  async end(): Promise<void> {
    await this.pool.end();
  }
}

/** The tables that differ. */
export const differenceOf = (
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => before[name] !== after[name]);
