import { asWork, currentDeadline } from '@causeway/resilience';
import type pg from 'pg';
import { retryConflicts } from './retry-conflicts.js';
import { SingleStatement } from './single-statement.js';
import type { Sql } from './sql.js';

/**
 * Statements for background work (pollers, housekeeping) that each commit by themselves. Deadline, retries and errors
 * are those of `PgUnitOfWork.single`. There is no span, because an idle poller would create a trace several times a
 * second.
 *
 * @throws DatabaseUnavailable, Overloaded, DeadlineExceeded; other errors of a statement are thrown unchanged.
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
