import type pg from 'pg';
import { preparedName } from './prepared.js';

/** What `pg` has and its types hide: the mode is a plain field, which the client reads for each statement. */
interface Internals {
  pipeline: boolean;
  readonly connection: { readonly stream: { cork(): void; uncork(): void } };
}

/**
 * Sends statements over one connection without waiting for the answers of earlier ones. Those of one turn of the event
 * loop go in one packet. The server runs them in order; after a failure inside a transaction it refuses the rest.
 *
 * The mode is switched on for this use of the connection only, because Prisma uses the same pool.
 */
export class Pipeline {
  private readonly internals: Internals;
  private corked = false;

  /** @param client From the pool, and idle. */
  constructor(private readonly client: pg.PoolClient) {
    this.internals = client as unknown as Internals;
    this.internals.pipeline = true;
  }

  /** @param values Undefined for statements without values; those are not prepared. */
  query(text: string, values?: readonly unknown[]): Promise<pg.QueryResult> {
    this.cork();
    if (values === undefined) return this.client.query(text);
    return this.client.query({ name: preparedName(text), text, values: values as unknown[] });
  }

  /** Leaves the connection as it was. All statements have been answered by now, or the connection is broken. */
  close(): void {
    this.internals.pipeline = false;
  }

  private cork(): void {
    if (this.corked) return;
    this.corked = true;
    const { stream } = this.internals.connection;
    stream.cork();
    process.nextTick(() => {
      this.corked = false;
      stream.uncork();
    });
  }
}
