import { DatabaseUnavailable, translatePgError } from '../errors.js';
import type pg from 'pg';

/** An answer of the database, to whomever, that is younger than this proves that it is there. */
const freshMs = 2_000;
const probeMs = 1_000;

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
      await Promise.race([this.pool.query('SELECT 1'), late]);
    } catch (error) {
      throw translatePgError(error);
    } finally {
      clearTimeout(timer);
    }
  }
}
