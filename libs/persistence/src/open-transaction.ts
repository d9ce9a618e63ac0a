import { DeadlineExceeded, withoutDeadline, type Deadline } from '@causeway/resilience';
import { getLogger } from '@causeway/telemetry';
import type pg from 'pg';
import { breaksConnection, sqlStateOf, translatePgError, type WriteOutcome } from './errors.js';
import type { Sql, SqlResult, Transaction } from './sql.js';

/** Actions to take after a commit. One that throws is logged: the commit stands, and so does the answer to the caller. */
export class AfterCommit {
  private readonly actions: (() => void)[] = [];

  add(action: () => void): void {
    this.actions.push(action);
  }

  run(): void {
    for (const action of this.actions) {
      try {
        // What follows a commit outlives the request, and its deadline.
        withoutDeadline(action);
      } catch (error) {
        getLogger('persistence').error({ err: error }, 'an action after commit failed');
      }
    }
  }
}

/** Says what a failed statement means: a deadline that has passed, a database that is gone, or the error itself. */
export function explain(error: unknown, deadline: Deadline | undefined, outcome: WriteOutcome): unknown {
  if (deadline && sqlStateOf(error) === '57014' && deadline.remainingMs() < 50) {
    return new DeadlineExceeded('the database was told to stop: the deadline of the request has passed', {
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
 * A transaction in progress on one connection. Statements are sent one after the other, also when they are started together
 * (`Promise.all`): `pg` deprecated its own queue.
 */
export class OpenTransaction implements Transaction, Sql {
  readonly sql: Sql = this;
  readonly committed = new AfterCommit();
  /** The first error of a statement: from then on the server refuses everything but a rollback. */
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
        new Error('A statement was started after its transaction had ended; await every statement inside of the work.'),
      );
    const statement = this.pending > 0 ? this.tail.then(() => this.send<R>(text, values)) : this.send<R>(text, values);
    this.pending++;
    this.tail = statement.then(noop, noop).finally(() => this.pending--);
    return statement;
  }

  /** Ends the part of the work. @throws Error when it left a statement behind that it did not wait for. */
  finish(): void {
    this.over = true;
    if (this.pending > 0) {
      throw new Error('The work ended before its statements did; await every statement inside of the work.');
    }
  }

  /** @throws what is wrong, after which nothing is committed, or DatabaseUnavailable with outcome `unknown`. */
  async commit(): Promise<void> {
    this.deadline?.throwIfExpired();
    const { command } = await this.exec('COMMIT', 'unknown');
    if (command === 'COMMIT') return;
    // The server answers COMMIT of a failed transaction with a rollback, and calls that success.
    throw new Error(
      'A statement failed, its error was caught, and the transaction went on: everything was rolled back. Let errors of statements pass.',
      {
        cause: this.firstError,
      },
    );
  }

  /** Never throws: a connection that cannot roll back is marked as broken. */
  async rollback(): Promise<void> {
    this.over = true;
    await this.tail;
    if (this.broken) return;
    await this.exec('ROLLBACK', 'not-applied').catch(noop);
  }

  /** Runs text without values, also several statements at once; answers the result of the last one. */
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
