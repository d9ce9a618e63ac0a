import { preparedName } from '@causeway/persistence';
import { getLogger } from '@causeway/telemetry';
import pg from 'pg';

const log = getLogger('outbox');

/** First key of the advisory locks, "cway" in ASCII; the second is the partition. Each service has its own database. */
const lockClass = 0x63_77_61_79;
export const partitions = [0, 1, 2, 3] as const;
/** The server cancels a statement after this; the client gives up on a silent server 2 s later. */
const statementTimeoutMs = 10_000;

/**
 * The relay's own connection. It holds the partition locks and runs every statement of the relay. A relay that loses
 * its locks has lost the connection, so it cannot read or mark rows any more, and needs no fencing token. The
 * connection runs one statement at a time; others queue.
 */
export class RelaySession {
  readonly held = new Set<number>();
  private isLost = false;
  private tail: Promise<unknown> = Promise.resolve();

  private constructor(private readonly client: pg.Client) {}

  /** @throws The error of `pg` when the database cannot be reached. */
  static async open(connection: pg.ClientConfig): Promise<RelaySession> {
    const client = new pg.Client({
      ...connection,
      keepAlive: true,
      statement_timeout: statementTimeoutMs,
      query_timeout: statementTimeoutMs + 2_000,
      application_name: 'causeway outbox relay',
    });
    const session = new RelaySession(client);
    const onLoss = (error?: Error) => session.markLost(error);
    client.on('error', onLoss);
    client.on('end', () => onLoss());
    await client.connect();
    return session;
  }

  get lost(): boolean {
    return this.isLost;
  }

  /** Runs one statement. When the connection fails, the session is lost for good. */
  query<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<pg.QueryResult<R>> {
    const result = this.tail.then(() => this.client.query<R>({ name: preparedName(text), text, values }));
    this.tail = result.catch((error: unknown) => {
      if (!(error instanceof pg.DatabaseError)) this.markLost(error as Error);
    });
    return result;
  }

  /** Takes the locks that are free. They are held until the connection ends. */
  async takeLocks(): Promise<void> {
    const wanted = partitions.filter((partition) => !this.held.has(partition));
    if (wanted.length === 0) return;
    const { rows } = await this.query<{ partition: number }>(
      'SELECT partition FROM unnest($1::int[]) AS wanted(partition) WHERE pg_try_advisory_lock($2, partition)',
      [wanted, lockClass],
    );
    for (const { partition } of rows) this.held.add(partition);
    if (rows.length > 0) log.info({ partitions: [...this.held] }, 'relaying these partitions of the outbox');
  }

  /** Ends the connection, which frees the locks. */
  async close(): Promise<void> {
    await this.tail;
    this.isLost = true;
    this.held.clear();
    await this.client.end().catch(() => undefined);
  }

  private markLost(error?: Error): void {
    if (this.isLost) return;
    this.isLost = true;
    this.held.clear();
    log.warn(
      { reason: error?.message ?? 'connection ended' },
      'outbox relay lost its database connection and its partitions; reconnecting',
    );
    void this.client.end().catch(() => undefined);
  }
}
