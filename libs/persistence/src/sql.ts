/**
 * Runs statements of one unit of work. Values are passed by `$1`, `$2`, …, never pasted into the text.
 * As everywhere in `pg`: a JavaScript array becomes a PostgreSQL array, so pass JSON as `JSON.stringify(value)`; `int8` and `numeric`
 * come back as strings.
 */
export interface Sql {
  query<R = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<SqlResult<R>>;
}

export interface SqlResult<R> {
  rows: R[];
  /** Rows returned or changed; 0 where the server tells none. */
  rowCount: number;
}

/** What a unit of work binds its repositories to. */
export interface Transaction {
  readonly sql: Sql;
  /** Registers something to do once the transaction is committed, such as waking the outbox relay. It must not throw, and is not waited for. */
  readonly afterCommit: (fn: () => void) => void;
}

/** Identifies one message for one consumer. */
export interface Delivery {
  /** Durable name of the consumer, for example `order__payment-evt-authorized-v1`. */
  readonly consumer: string;
  readonly messageId: string;
}

/** What `runOnce` answers when the message had been handled before. */
export const alreadyHandled: unique symbol = Symbol.for('causeway.alreadyHandled');

/**
 * The port that use cases depend on; `PgUnitOfWork` and `testing/InMemoryUnitOfWork` are its adapters.
 * `name` is that of the span: `place-order`. Default: the kind of unit and the database.
 */
export interface UnitOfWork<Tx> {
  /** One transaction. `work` may run several times (deadlock, serialization failure): it changes nothing but through `tx`. */
  run<T>(work: (tx: Tx) => Promise<T>, name?: string): Promise<T>;
  /** Like `run`, but only for the first time that this delivery is seen. */
  runOnce<T>(delivery: Delivery, work: (tx: Tx) => Promise<T>): Promise<T | typeof alreadyHandled>;
  /** At most one statement, committed on its own in one round trip. */
  single<T>(work: (tx: Tx) => Promise<T>, name?: string): Promise<T>;
}
