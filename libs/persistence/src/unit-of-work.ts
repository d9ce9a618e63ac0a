import { AsyncLocalStorage } from 'node:async_hooks';
import { currentDeadline, isOverload, withoutDeadline, type Deadline } from '@causeway/resilience';
import { errorType, inSpan, instruments, meter } from '@causeway/telemetry';
import { SpanKind } from '@opentelemetry/api';
import type pg from 'pg';
import { acquire } from './acquire.js';
import { DatabaseUnavailable, sqlStateOf } from './errors.js';
import { GroupQueue } from './group-queue.js';
import { OpenTransaction, UnitTransaction } from './open-transaction.js';
import { isConflict, retryConflicts, type RetryConflictsOptions } from './retry-conflicts.js';
import { SingleStatement } from './single-statement.js';
import { alreadyHandled, type Delivery, type Transaction, type UnitOfWork, type UnitOptions } from './sql.js';

/** How deadlocks and serialization failures are retried. */
export type UnitOfWorkOptions = RetryConflictsOptions;

/** One unit of work on its way into a transaction. */
interface Unit<Tx> {
  readonly work: (tx: Tx) => Promise<unknown>;
  readonly delivery?: Delivery;
  readonly deadline: Deadline | undefined;
}

interface GroupedUnit<Tx> extends Unit<Tx> {
  readonly aggregate: string;
  /** Runs a function in the context of the caller: its trace, its kind of work. */
  readonly inContext: <T>(fn: () => T) => T;
  /** Runs the unit in a transaction of its own, and tells its caller how it ended. */
  readonly alone: () => Promise<void>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The limits of a transaction. */
interface Limits {
  readonly deadline: Deadline | undefined;
  readonly lockTimeoutMs: number | undefined;
}

const metrics = meter('causeway.persistence');
const duration = metrics.duration(instruments.dbOperationDuration, 'Duration of units of work');
const groupSize = metrics.histogram(instruments.groupSize, {
  description: 'Units of work that shared a transaction',
  unit: '{unit}',
  advice: { explicitBucketBoundaries: [1, 2, 4, 8, 16, 32] },
});
const duplicates = metrics.counter(instruments.inboxDuplicates, {
  description: 'Deliveries that changed nothing, because the message had been handled before',
  unit: '{message}',
});
const isolation = 'BEGIN ISOLATION LEVEL READ COMMITTED';
/**
 * The longest wait for a lock in a transaction that units share, milliseconds: one that has to wait longer would hold up
 * the others, and runs alone instead.
 */
const groupLockTimeoutMs = 100;
const lockNotAvailable = '55P03';
const recordDeliveries = `INSERT INTO causeway.inbox (consumer, message_id) SELECT * FROM unnest($1::text[], $2::text[])
    ON CONFLICT DO NOTHING RETURNING consumer, message_id`;

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
  private readonly groups = new GroupQueue<GroupedUnit<Tx>>((units) => this.runGroup(units));

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
   * Runs one transaction at read committed, in one round trip and one for each statement; statements that are started
   * together share one. `work` runs again after a deadlock or serialization failure (up to 3 more times) and after a
   * failure of another unit in its transaction, so it changes nothing but through `tx`. Do not start one inside
   * another: it would take a second connection while holding the first, and a full pool would wait for itself.
   */
  run<T>(work: (tx: Tx) => Promise<T>, { name = 'transaction', aggregate }: UnitOptions = {}): Promise<T> {
    return this.observed('transaction', name, () => this.execute({ work, deadline: currentDeadline() }, aggregate));
  }

  /**
   * Like `run`, but only for the first delivery of a message, which is recorded in the same transaction. A second
   * delivery that arrives meanwhile waits for the first to end; if that rolls back, the second does the work.
   */
  async runOnce<T>(delivery: Delivery, work: (tx: Tx) => Promise<T>): Promise<T | typeof alreadyHandled> {
    const unit = { work, delivery, deadline: currentDeadline() };
    const { consumer, aggregate } = delivery;
    const result = await this.observed('transaction', consumer, () => this.execute<T>(unit, aggregate));
    if (result === alreadyHandled) duplicates.add(1, { 'messaging.consumer.group.name': consumer });
    return result;
  }

  /**
   * Runs at most one statement, which commits by itself, in one round trip: for reads, and for writes that one plpgsql
   * function does. A second statement is an error. The deadline ends only the waiting: the statement may still commit
   * before its timeout stops it, so the caller does not know its outcome.
   */
  single<T>(work: (tx: Tx) => Promise<T>, { name = 'statement' }: Pick<UnitOptions, 'name'> = {}): Promise<T> {
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

  private async execute<T>(unit: Unit<Tx>, aggregate: string | undefined): Promise<T> {
    const alone = async (): Promise<T> => {
      const [result] = await retryConflicts(() => this.transaction([unit]), this.options);
      return result as T;
    };
    if (aggregate === undefined) return alone();
    return new Promise<T>((resolve, reject) => {
      const inContext: GroupedUnit<Tx>['inContext'] = AsyncLocalStorage.snapshot();
      this.groups.add({
        ...unit,
        work: (tx) => inContext(() => unit.work(tx)),
        aggregate,
        inContext,
        alone: () => inContext(alone).then(resolve, reject),
        resolve: resolve as (result: unknown) => void,
        reject,
      });
    });
  }

  /** @returns False when nothing was committed and each unit is to run alone, so that only those fail that cannot succeed. */
  private async runGroup(units: readonly GroupedUnit<Tx>[]): Promise<boolean> {
    try {
      const results = await units[0]!.inContext(() =>
        withoutDeadline(() => this.transaction(units, groupLockTimeoutMs)),
      );
      groupSize.record(units.length);
      units.forEach(({ resolve }, index) => resolve(results[index]));
    } catch (error) {
      // It may have been committed: only the callers know whether a repetition is harmless.
      const unclear = error instanceof DatabaseUnavailable && error.outcome === 'unknown';
      const hopeless = units.length === 1 && !isConflict(error) && sqlStateOf(error) !== lockNotAvailable;
      if (!unclear && !hopeless && !isOverload(error)) return false;
      units.forEach(({ reject }) => reject(error));
    }
    return true;
  }

  /**
   * Runs units in one transaction. A connection from the pool may have died unnoticed (a restart, a firewall); nothing
   * has happened then, so another one can be taken.
   * @param lockTimeoutMs Longest wait for a lock, milliseconds. Default: as long as a statement may take.
   * @returns The result of each unit.
   */
  private async transaction(units: readonly Unit<Tx>[], lockTimeoutMs?: number): Promise<readonly unknown[]> {
    const deadline = earliest(units);
    const limits = { deadline, lockTimeoutMs };
    for (let spare = this.pool.idleCount; ; spare--) {
      deadline?.throwIfExpired();
      const client = await acquire(this.pool, deadline);
      const open = new OpenTransaction(client, deadline);
      try {
        return await this.runUnits(open, units, limits);
      } catch (error) {
        await open.rollback();
        const deadBefore = open.broken !== undefined && !open.begun;
        if (!deadBefore || spare <= 0) throw error;
      } finally {
        open.close();
        client.release(open.broken);
      }
    }
  }

  private async runUnits(
    open: OpenTransaction,
    units: readonly Unit<Tx>[],
    limits: Limits,
  ): Promise<readonly unknown[]> {
    const begun = open.begin(this.begin(limits));
    const isNew = await recordIn(open, units);
    const transactions = units.map(() => new UnitTransaction(open));
    let failure: { readonly error: unknown } | undefined;
    const runUnit = async (unit: Unit<Tx>, index: number): Promise<unknown> => {
      if (!isNew(unit)) return alreadyHandled;
      const transaction = transactions[index]!;
      try {
        const result = await unit.work(this.bind(transaction));
        transaction.finish();
        return result;
      } catch (error) {
        failure ??= { error };
        for (const each of transactions) each.abandon();
        return undefined;
      }
    };
    const results = await Promise.all(units.map(runUnit));
    if (failure) throw failure.error;
    await begun;
    await open.commit();
    for (const { committed } of transactions) committed.run();
    return results;
  }

  private begin({ deadline, lockTimeoutMs }: Limits): string {
    const remainingMs = Math.max(1, Math.ceil(deadline?.remainingMs() ?? Infinity));
    const limits = [
      ...(remainingMs < this.statementTimeoutMs ? [`SET LOCAL statement_timeout = ${remainingMs}`] : []),
      ...(lockTimeoutMs === undefined ? [] : [`SET LOCAL lock_timeout = ${lockTimeoutMs}`]),
    ];
    return [isolation, ...limits].join('; ');
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

/** Records the deliveries of units. @returns Whether a unit is to be run: not if its message was handled before. */
async function recordIn(open: OpenTransaction, units: readonly Unit<never>[]): Promise<(unit: Unit<never>) => boolean> {
  const deliveries = units.flatMap(({ delivery }) => delivery ?? []);
  if (deliveries.length === 0) return () => true;
  const key = ({ consumer, messageId }: Delivery): string => `${consumer}\n${messageId}`;
  // In one order everywhere, so that two instances that record the same messages cannot deadlock.
  deliveries.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const { rows } = await open.query<{ consumer: string; message_id: string }>(recordDeliveries, [
    deliveries.map(({ consumer }) => consumer),
    deliveries.map(({ messageId }) => messageId),
  ]);
  const recorded = new Set(rows.map((row) => key({ consumer: row.consumer, messageId: row.message_id })));
  return ({ delivery }) => delivery === undefined || recorded.has(key(delivery));
}

function earliest(units: readonly Pick<Unit<never>, 'deadline'>[]): Deadline | undefined {
  return units.reduce<Deadline | undefined>(
    (first, { deadline }) => (deadline && (!first || deadline.isBefore(first)) ? deadline : first),
    undefined,
  );
}

function databaseName({ options }: pg.Pool): string {
  if (options.database) return options.database;
  const { pathname } = new URL(options.connectionString ?? 'postgres:///postgres');
  return decodeURIComponent(pathname.slice(1)) || 'postgres';
}
