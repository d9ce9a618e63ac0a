import { withTimeout } from '@causeway/resilience';
import pg from 'pg';
import { DatabaseUnavailable, sqlStateOf, translatePgError } from '../errors.js';
import { connectionConfig } from '../pool.js';

/** A statement that succeeded within this time proves that the database is available, milliseconds. */
const freshMs = 2_000;
const probeMs = 1_000;
/** The server has no connection left, so it is available. */
const tooManyConnections = '53300';

/**
 * Checks for the readiness probe whether the service's database is reachable. While the service works, its own
 * statements prove it without a query: a busy pool must not take the instance out of rotation and push its load onto
 * the others.
 */
export class DatabaseHealth {
  private answeredAt = -Infinity;

  /** @param now Milliseconds of a clock that never goes back. Default performance.now. */
  constructor(
    private readonly pool: pg.Pool,
    private readonly now: () => number = () => performance.now(),
  ) {
    // Without an error, the connection that returns to the pool has just worked.
    pool.on('release', (error: Error | undefined) => {
      if (!error) this.answeredAt = this.now();
    });
  }

  /** @throws DatabaseUnavailable when the database does not answer within a second. */
  async check(): Promise<void> {
    if (this.now() - this.answeredAt < freshMs) return;
    const late = () => new DatabaseUnavailable({ detail: 'the database does not answer' });
    try {
      await withTimeout(probeMs, () => this.query(), late);
    } catch (error) {
      if (sqlStateOf(error) === tooManyConnections) return;
      throw translatePgError(error);
    }
  }

  /** Uses an extra connection while all others are busy: waiting for a free one would measure only the load. */
  private async query(): Promise<unknown> {
    const { idleCount, totalCount, options } = this.pool;
    if (idleCount > 0 || totalCount < options.max) return this.pool.query('SELECT 1');
    const client = new pg.Client({ ...connectionConfig(this.pool), connectionTimeoutMillis: probeMs });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await client.query({ text: 'SELECT 1', query_timeout: probeMs } as pg.QueryConfig);
    } finally {
      void client.end().catch(() => undefined);
    }
  }
}
