import pg from 'pg';
import { DatabaseUnavailable, sqlStateOf, translatePgError } from '../errors.js';
import { connectionConfig } from '../pool.js';

/** An answer of the database, to whomever, that is younger than this proves that it is there. */
const freshMs = 2_000;
const probeMs = 1_000;
/** The server has no connection left for us: it is there. */
const tooManyConnections = '53300';

/**
 * Tells whether the service's own database is reachable, for the readiness probe. While the service works, its own statements are the
 * proof and nothing is asked: a pool that is merely busy must not take the instance out of rotation and push its load onto the others.
 */
export class DatabaseHealth {
  private answeredAt = -Infinity;

  /** @param now Milliseconds of a clock that never goes back. Default performance.now. */
  constructor(
    private readonly pool: pg.Pool,
    private readonly now: () => number = () => performance.now(),
  ) {
    // The pool calls it when a connection comes back; without an error the database has answered on it.
    pool.on('release', (error: Error | undefined) => {
      if (!error) this.answeredAt = this.now();
    });
  }

  /** @throws DatabaseUnavailable when the database does not answer within a second. */
  async check(): Promise<void> {
    if (this.now() - this.answeredAt < freshMs) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new DatabaseUnavailable({ detail: 'the database does not answer' })), probeMs);
    });
    try {
      await Promise.race([this.ask(), late]);
    } catch (error) {
      if (sqlStateOf(error) === tooManyConnections) return;
      throw translatePgError(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Where every connection is at work, on one of its own: to wait for its turn would say something about the load only. */
  private async ask(): Promise<unknown> {
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
