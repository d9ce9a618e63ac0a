import { currentDeadline, type Deadline } from '@causeway/resilience';
import { errorType, inSpan, instruments, meter } from '@causeway/telemetry';
import { SpanKind } from '@opentelemetry/api';
import type pg from 'pg';
import { acquire } from './acquire.js';
import { OpenTransaction } from './open-transaction.js';
import { retryConflicts, type RetryConflictsOptions } from './retry-conflicts.js';
import { SingleStatement } from './single-statement.js';
import { alreadyHandled, type Delivery, type Transaction, type UnitOfWork } from './sql.js';

/** How deadlocks and serialization failures are retried. */
export type UnitOfWorkOptions = RetryConflictsOptions;

const duration = meter('causeway.persistence').duration(instruments.dbOperationDuration, 'Duration of units of work');
const isolation = 'BEGIN ISOLATION LEVEL READ COMMITTED';
/** Text that is safe inside a statement. */
const plainText = /^[\w.:-]{1,200}$/;

/**
 * Units of work on PostgreSQL, for changes that must happen together or not at all.
 *
 * The deadline of the request bounds them: nothing starts after it, the server cancels a statement that outlives it,
 * and a late transaction is rolled back.
 *
 * Nest developers: docs/guides/if-you-know-nest.md#data-prisma-and-hand-written-sql-side-by-side
 *
 * @throws DatabaseUnavailable when the database is not available. Overloaded when no connection becomes free in time.
 *   DeadlineExceeded. Errors of `work` and its statements are thrown unchanged after the rollback
 *   (`sqlStateOf` reads the code of a violated constraint).
 */
export class PgUnitOfWork<Tx> implements UnitOfWork<Tx> {
  private readonly statementTimeoutMs: number;
  private readonly database: string;

  /** @param bind Creates the repositories that `work` receives, anew for each try. */
  constructor(
    private readonly pool: pg.Pool,
    private readonly bind: (transaction: Transaction) => Tx,
    private readonly options: UnitOfWorkOptions = {},
  ) {
    this.statementTimeoutMs = Number(pool.options.statement_timeout || Infinity);
    this.database = databaseName(pool);
  }

  /**
   * Runs one transaction at read committed, in two round trips and one for each statement. `work` runs again after a
   * deadlock or serialization failure (up to 3 more times), so it changes nothing but through `tx`. Do not start one
   * inside another: it would take a second connection while holding the first, and a full pool would wait for itself.
   */
  run<T>(work: (tx: Tx) => Promise<T>, name = 'transaction'): Promise<T> {
    return this.observed('transaction', name, () =>
      this.transaction(
        (deadline) => this.begin(deadline),
        async (open) => work(this.bind(open)),
      ),
    );
  }

  /**
   * Like `run`, but only for the first delivery of a message, which is recorded in the same transaction. A second
   * delivery that arrives meanwhile waits for the first to end; if that rolls back, the second does the work.
   */
  runOnce<T>(delivery: Delivery, work: (tx: Tx) => Promise<T>): Promise<T | typeof alreadyHandled> {
    const { consumer, messageId } = delivery;
    const plain = plainText.test(consumer) && plainText.test(messageId);
    const insert = `INSERT INTO causeway.inbox (consumer, message_id) VALUES`;
    // Sent in one message with BEGIN where the names allow it, which saves a round trip.
    const record = plain ? `; ${insert} ('${consumer}', '${messageId}') ON CONFLICT DO NOTHING` : '';
    return this.observed('transaction', consumer, () =>
      this.transaction(
        (deadline) => this.begin(deadline) + record,
        async (open, begun) => {
          const { rowCount } = plain
            ? begun
            : await open.query(`${insert} ($1, $2) ON CONFLICT DO NOTHING`, [consumer, messageId]);
          return rowCount === 0 ? alreadyHandled : work(this.bind(open));
        },
      ),
    );
  }

  /**
   * Runs at most one statement, which commits by itself, in one round trip: for reads, and for writes that one plpgsql
   * function does. A second statement is an error. The deadline ends only the waiting: the statement may still commit
   * before its timeout stops it, so the caller does not know its outcome.
   */
  single<T>(work: (tx: Tx) => Promise<T>, name = 'statement'): Promise<T> {
    return this.observed('statement', name, () =>
      retryConflicts(async () => {
        const deadline = currentDeadline();
        deadline?.throwIfExpired();
        const statement = new SingleStatement(this.pool, deadline);
        try {
          const result = await work(this.bind(statement));
          statement.finish();
          return result;
        } finally {
          statement.close();
        }
      }, this.options),
    );
  }

  private begin(deadline: Deadline | undefined): string {
    const remainingMs = Math.max(1, Math.ceil(deadline?.remainingMs() ?? Infinity));
    return remainingMs < this.statementTimeoutMs
      ? `${isolation}; SET LOCAL statement_timeout = ${remainingMs}`
      : isolation;
  }

  private transaction<T>(
    begin: (deadline: Deadline | undefined) => string,
    work: (open: OpenTransaction, begun: pg.QueryResult) => Promise<T>,
  ): Promise<T> {
    return retryConflicts(async () => {
      const deadline = currentDeadline();
      const { client, open, begun } = await this.open(deadline, begin);
      try {
        const result = await work(open, begun);
        open.finish();
        await open.commit();
        open.committed.run();
        return result;
      } catch (error) {
        await open.rollback();
        throw error;
      } finally {
        client.release(open.broken);
      }
    }, this.options);
  }

  /**
   * Begins on a connection that works. One from the pool may have died unnoticed (a restart, a firewall). Nothing has
   * happened yet, so another one can be taken.
   */
  private async open(deadline: Deadline | undefined, begin: (deadline: Deadline | undefined) => string) {
    for (let spare = this.pool.idleCount; ; spare--) {
      deadline?.throwIfExpired();
      const client = await acquire(this.pool, deadline);
      const open = new OpenTransaction(client, deadline);
      try {
        return { client, open, begun: await open.exec(begin(deadline), 'not-applied') };
      } catch (error) {
        const { broken } = open;
        if (!broken) await open.rollback();
        client.release(open.broken);
        if (!broken || spare <= 0) throw error;
      }
    }
  }

  private async observed<T>(operation: string, name: string, fn: () => Promise<T>): Promise<T> {
    const attributes = {
      'db.system.name': 'postgresql',
      'db.namespace': this.database,
      'db.operation.name': operation,
    };
    const startedAt = performance.now();
    let failure: string | undefined;
    try {
      return await inSpan(
        `${operation} ${name === operation ? this.database : name}`,
        { kind: SpanKind.CLIENT, attributes },
        fn,
      );
    } catch (error) {
      failure = errorType(error);
      throw error;
    } finally {
      const labels = failure === undefined ? attributes : { ...attributes, 'error.type': failure };
      duration.record((performance.now() - startedAt) / 1_000, labels);
    }
  }
}

function databaseName({ options }: pg.Pool): string {
  if (options.database) return options.database;
  const { pathname } = new URL(options.connectionString ?? 'postgres:///postgres');
  return decodeURIComponent(pathname.slice(1)) || 'postgres';
}
