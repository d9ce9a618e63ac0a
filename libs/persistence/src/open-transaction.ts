import { DeadlineExceeded, withoutDeadline, type Deadline } from '@causeway/resilience';
import { getLogger } from '@causeway/telemetry';
import type pg from 'pg';
import { breaksConnection, sqlStateOf, translatePgError, type WriteOutcome } from './errors.js';
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
 * A transaction in progress on one connection. Statements are sent one after the other, even if they are started
 * together (`Promise.all`), because `pg` deprecated its own queue.
 */
export class OpenTransaction implements Transaction, Sql {
  readonly sql: Sql = this;
  readonly committed = new AfterCommit();
  /** The first error of a statement; after it the server accepts only a rollback. */
  firstError: unknown;
  /** Set when the connection must not be used again. */
  broken: Error | undefined;
  private over = false;
  private pending = 0;
  private tail: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly client: pg.PoolClient,
    private readonly deadline: Deadline | undefined,
  ) {}

  readonly afterCommit = (action: () => void): void => this.committed.add(action);

  query<R>(text: string, values?: readonly unknown[]): Promise<SqlResult<R>> {
    if (this.over)
      return Promise.reject(
        new Error('A statement was started after its transaction had ended; await every statement inside the work.'),
      );
    const statement = this.pending > 0 ? this.tail.then(() => this.send<R>(text, values)) : this.send<R>(text, values);
    this.pending++;
    this.tail = statement.then(noop, noop).finally(() => this.pending--);
    return statement;
  }

  /** Ends the work. @throws Error when it did not wait for one of its statements. */
  finish(): void {
    this.over = true;
    if (this.pending > 0) {
      throw new Error('The work ended before its statements did; await every statement inside the work.');
    }
  }

  /** @throws Any error that prevented the commit, or DatabaseUnavailable with outcome `unknown`. */
  async commit(): Promise<void> {
    this.deadline?.throwIfExpired();
    const { command } = await this.exec('COMMIT', 'unknown');
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
    this.over = true;
    await this.tail;
    if (this.broken) return;
    await this.exec('ROLLBACK', 'not-applied').catch(noop);
  }

  /** Runs one or several statements without values. @returns The result of the last one. */
  async exec(text: string, outcome: WriteOutcome): Promise<pg.QueryResult> {
    try {
      const result = (await this.client.query(text)) as pg.QueryResult | pg.QueryResult[];
      return Array.isArray(result) ? result.at(-1)! : result;
    } catch (error) {
      throw this.failed(error, outcome);
    }
  }

  private async send<R>(text: string, values: readonly unknown[] | undefined): Promise<SqlResult<R>> {
    if (this.over) throw new Error('The transaction ended before this statement could start.');
    this.deadline?.throwIfExpired();
    try {
      return toResult<R>(await this.client.query(text, values as unknown[] | undefined));
    } catch (error) {
      throw this.failed(error, 'not-applied');
    }
  }

  private failed(error: unknown, outcome: WriteOutcome): unknown {
    this.firstError ??= error;
    const broken = breaksConnection(error);
    if (broken) this.broken = error as Error;
    return explain(error, this.deadline, broken ? outcome : 'not-applied');
  }
}

const noop = (): void => undefined;
