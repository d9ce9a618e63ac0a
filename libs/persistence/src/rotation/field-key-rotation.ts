import { getLogger } from '@causeway/telemetry';
import type pg from 'pg';
import { FieldCipher } from '../field-cipher.js';
import type { FieldKeys } from '../field-keys.js';
import { poolSql } from '../pool-sql.js';
import { SecurityLog } from '../security-log.js';
import { PgUnitOfWork } from '../unit-of-work.js';
import { rotateTable, type RotatedRows } from './rotate-table.js';
import { cipherIn, type SealedTable } from './sealed-table.js';

/** Passes over all tables: rows that are busy in all of them wait for the next run. */
const maxPasses = 3;

/** How many values of a column each key version has encrypted: `{ v1: 20, v2: 3 }`. */
export interface ColumnVersions {
  readonly column: string;
  readonly versions: Readonly<Record<string, number>>;
}

export interface RotationRun extends Readonly<RotatedRows> {
  readonly state: 'running' | 'done' | 'failed';
  readonly startedAt: string;
  readonly who: string;
}

export interface FieldKeyStatus {
  /** The version that encrypts. */
  readonly current: string;
  readonly columns: readonly ColumnVersions[];
  /** Values that need another key than the current one: while there are any, their keys must stay. */
  readonly outdated: number;
  /** The last run in this process. */
  readonly run?: RotationRun;
}

/** Encrypts everything that a service stores encrypted with its newest key, while it serves requests. */
export class FieldKeyRotation {
  private readonly log = getLogger('field-keys');
  private last: RotationRun | undefined;
  private running: Promise<void> | undefined;

  constructor(
    private readonly pool: pg.Pool,
    private readonly keys: FieldKeys,
    private readonly tables: readonly SealedTable[],
  ) {}

  async status(): Promise<FieldKeyStatus> {
    const columns: ColumnVersions[] = [];
    for (const table of this.tables)
      for (const column of Object.keys(table.columns))
        columns.push({ column: `${table.table}.${column}`, versions: await this.versionsIn(table, column) });
    const { current } = this.keys;
    const outdated = columns
      .flatMap(({ versions }) => Object.entries(versions))
      .reduce((sum, [version, count]) => sum + (version === current ? 0 : count), 0);
    return { current, columns, outdated, ...(this.last && { run: this.last }) };
  }

  /** Starts a run, or joins the one that runs in this process. Runs of several processes do no harm. */
  start(who: string): RotationRun {
    if (this.last?.state === 'running') return this.last;
    this.last = { state: 'running', startedAt: new Date().toISOString(), who, rotated: 0, skipped: 0, failed: 0 };
    this.running = this.rotate(who).catch((error: unknown) => {
      this.last = { ...this.last!, state: 'failed' };
      this.log.error({ err: error }, 'encrypting fields again stopped; run it again');
    });
    return this.last;
  }

  /** Resolves when no run is in progress. */
  async settled(): Promise<void> {
    await this.running;
  }

  private async rotate(who: string): Promise<void> {
    for (let pass = 1; pass <= maxPasses; pass += 1) {
      const result = await this.pass();
      this.last = { ...this.last!, ...result, rotated: this.last!.rotated + result.rotated };
      if (result.skipped === 0) break;
    }
    const { rotated, skipped, failed } = this.last!;
    const version = this.keys.current;
    const uow = new PgUnitOfWork(this.pool, (transaction) => new SecurityLog(transaction));
    await uow.single((security) =>
      security.record({
        type: 'field-keys.rotated',
        outcome: failed === 0 ? 'success' : 'failure',
        actor: who,
        details: { version, rotated, skipped, failed },
      }),
    );
    this.last = { ...this.last!, state: 'done' };
  }

  private async pass(): Promise<RotatedRows> {
    const sql = poolSql(this.pool);
    const cipher = new FieldCipher(this.keys);
    const total: RotatedRows = { rotated: 0, skipped: 0, failed: 0 };
    for (const table of this.tables) {
      const { rotated, skipped, failed } = await rotateTable(sql, cipher, table, (key, error) =>
        this.log.error({ err: error }, `a row of ${table.table} cannot be decrypted: ${key}`),
      );
      total.rotated += rotated;
      total.skipped += skipped;
      total.failed += failed;
    }
    return total;
  }

  private async versionsIn(table: SealedTable, column: string): Promise<Record<string, number>> {
    const { rows } = await poolSql(this.pool).query<{ version: string; count: number }>(
      `SELECT split_part(${cipherIn(table, column)}, '.', 1) AS version, count(*)::int AS count FROM ${table.table} t
        WHERE ${cipherIn(table, column)} IS NOT NULL GROUP BY 1 ORDER BY 1`,
    );
    return Object.fromEntries(rows.map(({ version, count }) => [version, count]));
  }
}
