import { asWork, currentDeadline } from '@causeway/resilience';
import type pg from 'pg';
import { retryConflicts } from './retry-conflicts.js';
import { SingleStatement } from './single-statement.js';
import type { Sql } from './sql.js';

/**
 * Statements that are each committed on their own, for background work: pollers, housekeeping. Deadline, retries and errors are those of
 * `PgUnitOfWork.single`. There is no span, because a poller that finds nothing would make a trace of its own several times a second.
 *
 * @throws DatabaseUnavailable, Overloaded, DeadlineExceeded; other errors of a statement pass unchanged.
 */
export const poolSql = (pool: pg.Pool): Sql => ({
  query: (text, values) =>
    asWork('background', () =>
      retryConflicts(async () => {
        const deadline = currentDeadline();
        deadline?.throwIfExpired();
        return new SingleStatement(pool, deadline).query(text, values);
      }),
    ),
});
