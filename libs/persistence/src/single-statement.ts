import type { Deadline } from '@causeway/resilience';
import type pg from 'pg';
import { acquire, beforeDeadline } from './acquire.js';
import { breaksConnection } from './errors.js';
import { preparedName } from './prepared.js';
import { AfterCommit, explain, toResult } from './open-transaction.js';
import type { Sql, SqlResult, Transaction } from './sql.js';

type StatementState = 'unused' | 'running' | 'committed' | 'failed';

/** The transaction of `single`: one statement that commits by itself. */
export class SingleStatement implements Transaction, Sql {
  readonly sql: Sql = this;
  private readonly committed = new AfterCommit();
  private state: StatementState = 'unused';
  private over = false;

  constructor(
    private readonly pool: pg.Pool,
    private readonly deadline: Deadline | undefined,
  ) {}

  readonly afterCommit = (action: () => void): void => this.committed.add(action);

  async query<R>(text: string, values?: readonly unknown[]): Promise<SqlResult<R>> {
    if (this.state !== 'unused' || this.over) {
      throw new Error('single() takes one statement, which commits by itself; use run() for several.');
    }
    this.state = 'running';
    const client = await acquire(this.pool, this.deadline).catch((error: unknown) => {
      this.state = 'failed';
      throw error;
    });
    const sent = this.send<R>(client, text, values);
    if (!this.deadline) return sent;
    return beforeDeadline(sent, this.deadline, 'waiting for the database', () => this.committed.run());
  }

  /** @throws Error when the work did not wait for its statement. */
  finish(): void {
    if (this.state === 'running') throw new Error('The work ended before its statement did; await it inside the work.');
  }

  /** Ends the unit of work, after success or failure: what its statement committed stands. */
  close(): void {
    this.over = true;
    if (this.state === 'committed') this.committed.run();
  }

  // Not pool.query(): that closes the connection after any error, a violated constraint included.
  private async send<R>(
    client: pg.PoolClient,
    text: string,
    values: readonly unknown[] | undefined,
  ): Promise<SqlResult<R>> {
    let broken: Error | undefined;
    try {
      const result = toResult<R>(await client.query(queryOf(text, values)));
      this.state = 'committed';
      return result;
    } catch (error) {
      this.state = 'failed';
      const breaks = breaksConnection(error);
      if (breaks) broken = error as Error;
      throw explain(error, this.deadline, breaks ? 'unknown' : 'not-applied');
    } finally {
      client.release(broken);
    }
  }
}

/** Statements without values are not prepared: a poller may send several in one text. */
const queryOf = (text: string, values: readonly unknown[] | undefined): pg.QueryConfig =>
  values === undefined ? { text } : { name: preparedName(text), text, values: values as unknown[] };
