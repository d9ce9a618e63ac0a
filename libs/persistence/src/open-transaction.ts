import { DeadlineExceeded, withoutDeadline, type Deadline } from '@causeway/resilience';
import { getLogger } from '@causeway/telemetry';
import type pg from 'pg';
import { breaksConnection, sqlStateOf, translatePgError, type WriteOutcome } from './errors.js';
import { Pipeline } from './pipeline.js';
import { forgetPrepared, isStale } from './prepared.js';
import type { Sql, SqlResult, Transaction } from './sql.js';

/**
 * Actions to take after a commit. An error of one is only logged: the commit stands, and so does the caller's result.
 */
export class AfterCommit {
  private readonly actions: (() => void)[] = [];

  add(action: () => void): void {
    this.actions.push(action);
  }

  run(): void {
    for (const action of this.actions) {
      try {
        // What follows a commit may outlive the request and its deadline.
        withoutDeadline(action);
      } catch (error) {
        getLogger('persistence').error({ err: error }, 'an action after commit failed');
      }
    }
  }
}

/** Returns what a failed statement means: a passed deadline, an absent database, or the error itself. */
export function explain(error: unknown, deadline: Deadline | undefined, outcome: WriteOutcome): unknown {
  if (isStale(error)) forgetPrepared();
  if (deadline && sqlStateOf(error) === '57014' && deadline.remainingMs() < 50) {
    return new DeadlineExceeded('the database cancelled the statement: the deadline of the request has passed', {
      cause: error,
    });
  }
  return translatePgError(error, outcome);
}

export const toResult = <R>({ rows, rowCount }: pg.QueryResult): SqlResult<R> => ({
  rows: rows as R[],
  rowCount: rowCount ?? 0,
});

/**
 * A transaction in progress on one connection, for one unit of work or several. Statements that are started together
 * travel together; the server runs them in the order in which they were started.
 */
export class OpenTransaction {
  /** The first error of a statement; after it the server accepts only a rollback. */
  firstError: unknown;
  /** Set when the connection must not be used again. */
  broken: Error | undefined;
  /** True once the server has answered BEGIN. */
  begun = false;
  private readonly pipeline: Pipeline;

  constructor(
    client: pg.PoolClient,
    private readonly deadline: Deadline | undefined,
  ) {
    this.pipeline = new Pipeline(client);
  }

  /** Sends BEGIN, and waits for nothing: the first statements go with it. */
  begin(text: string): Promise<void> {
    const beginning = this.send(text).then(() => void (this.begun = true));
    // Whoever commits learns of a failure; without a commit the statements behind it fail as well.
    beginning.catch(noop);
    return beginning;
  }

  async query<R>(text: string, values?: readonly unknown[]): Promise<SqlResult<R>> {
    this.deadline?.throwIfExpired();
    return toResult<R>(await this.send(text, values));
  }

  /** @throws Any error that prevented the commit, or DatabaseUnavailable with outcome `unknown`. */
  async commit(): Promise<void> {
    this.deadline?.throwIfExpired();
    const { command } = await this.send('COMMIT', undefined, 'unknown');
    if (command === 'COMMIT') return;
    // The server turns COMMIT of a failed transaction into a rollback, and reports success.
    throw new Error(
      'A statement failed, and its error was caught inside the work: everything was rolled back. Let errors of statements pass.',
      {
        cause: this.firstError,
      },
    );
  }

  /** Never throws; a connection that cannot roll back is marked as broken. */
  async rollback(): Promise<void> {
    if (!this.broken) await this.send('ROLLBACK').catch(noop);
  }

  /** Gives the connection back as it was. */
  close(): void {
    this.pipeline.close();
  }

  private async send(
    text: string,
    values?: readonly unknown[],
    outcome: WriteOutcome = 'not-applied',
  ): Promise<pg.QueryResult> {
    try {
      return await this.pipeline.query(text, values);
    } catch (error) {
      this.firstError ??= error;
      const broken = breaksConnection(error);
      if (broken) this.broken = error as Error;
      throw explain(error, this.deadline, broken ? outcome : 'not-applied');
    }
  }
}

/** What one unit of work sees of a transaction that it may share with others. */
export class UnitTransaction implements Transaction, Sql {
  readonly sql: Sql = this;
  readonly committed = new AfterCommit();
  private over = false;
  private pending = 0;

  constructor(private readonly open: OpenTransaction) {}

  readonly afterCommit = (action: () => void): void => this.committed.add(action);

  async query<R>(text: string, values?: readonly unknown[]): Promise<SqlResult<R>> {
    if (this.over)
      throw new Error(
        'A statement was started after its transaction had ended; await every statement inside the work.',
      );
    this.pending += 1;
    try {
      return await this.open.query<R>(text, values);
    } finally {
      this.pending -= 1;
    }
  }

  /** Ends the work. @throws Error when it did not wait for one of its statements. */
  finish(): void {
    this.over = true;
    if (this.pending > 0) {
      throw new Error('The work ended before its statements did; await every statement inside the work.');
    }
  }

  /** Refuses further statements, because the transaction is being rolled back. */
  abandon(): void {
    this.over = true;
  }
}

const noop = (): void => undefined;
