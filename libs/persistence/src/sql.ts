/**
 * Runs statements. Pass values as `$1`, `$2`, …, never inside the text. As in `pg`, a JavaScript array becomes a
 * PostgreSQL array, so pass JSON as `JSON.stringify(value)`; `int8` and `numeric` are returned as strings.
 */
export interface Sql {
  query<R = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<SqlResult<R>>;
}

export interface SqlResult<R> {
  rows: R[];
  /** Rows returned or changed; 0 for statements without a count. */
  rowCount: number;
}

/** A transaction, to which a unit of work binds its repositories. */
export interface Transaction {
  readonly sql: Sql;
  /**
   * Registers an action for after the commit, such as waking the outbox relay. It must not throw, and is not awaited.
   */
  readonly afterCommit: (fn: () => void) => void;
}

/** Identifies one message for one consumer. */
export interface Delivery {
  /** Durable name of the consumer, for example `order__payment-evt-authorized-v1`. */
  readonly consumer: string;
  readonly messageId: string;
  /** What the message is about: see `UnitOptions.aggregate`. */
  readonly aggregate?: string;
}

export interface UnitOptions {
  /** Name of the span, such as `place-order`. Default: the kind of unit and the database. */
  readonly name?: string;
  /**
   * Id of the aggregate that the unit reads and changes. Units of different aggregates that wait at the same time share
   * one transaction, which saves most of their commits; those of one aggregate run one after the other. If one unit of
   * a transaction fails, each of them runs again, alone. Default: the unit has a transaction of its own.
   */
  readonly aggregate?: string;
}

/** What `runOnce` returns for a message that was handled before. */
export const alreadyHandled: unique symbol = Symbol.for('causeway.alreadyHandled');

/** The port that use cases depend on, with the adapters `PgUnitOfWork` and `testing/InMemoryUnitOfWork`. */
export interface UnitOfWork<Tx> {
  /**
   * Runs one transaction. `work` may run several times (deadlock, serialization failure), so it changes nothing but
   * through `tx`.
   */
  run<T>(work: (tx: Tx) => Promise<T>, options?: UnitOptions): Promise<T>;
  /** Like `run`, but only for the first delivery of a message. */
  runOnce<T>(delivery: Delivery, work: (tx: Tx) => Promise<T>): Promise<T | typeof alreadyHandled>;
  /** Runs at most one statement, which commits by itself in one round trip. */
  single<T>(work: (tx: Tx) => Promise<T>, options?: Pick<UnitOptions, 'name'>): Promise<T>;
}
