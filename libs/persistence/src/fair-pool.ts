import { Admission, currentDeadline, currentWork } from '@causeway/resilience';
import pg from 'pg';

/** A request that has no deadline waits this long for a connection, milliseconds. */
const withoutDeadlineMs = 10_000;
/** A refusal leaves this share of the time, at most so many milliseconds, for the caller to hear of it before giving up. */
const reserve = { share: 0.1, maxMs: 300 };

type Callback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  release: (error?: unknown) => void,
) => void;

/**
 * A `pg.Pool` that is shared out fairly: whoever asks for a connection, Prisma's adapter included, waits for a place first. There are as many
 * places as connections, so `pg` itself never has a queue, and its `connectionTimeoutMillis` bounds one thing only: opening a connection to
 * the server. A full pool is `Overloaded`, an absent database is an error of the opening.
 */
export class FairPool extends pg.Pool {
  readonly admission: Admission;

  constructor(config: pg.PoolConfig) {
    super(config);
    this.admission = new Admission('database', this.options.max);
  }

  /** @throws Overloaded for a request that would not get a connection before its deadline. Messages and background work wait. */
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<pg.PoolClient> | void {
    const connecting = this.admitted();
    if (!callback) return connecting;
    connecting.then(
      (client) => callback(undefined, client, (error) => client.release(error as Error | undefined)),
      (error: unknown) => callback(error as Error, undefined, () => undefined),
    );
  }

  private async admitted(): Promise<pg.PoolClient> {
    const kind = currentWork();
    const leave = await this.admission.acquire(kind, kind === 'request' ? longestWaitMs() : Infinity);
    let client: pg.PoolClient;
    try {
      client = await super.connect();
    } catch (error) {
      leave();
      // Nothing is connected, so nothing will be handed back: the others need not wait to learn the same.
      if (this.totalCount === 0) this.admission.refuseAll(error as Error);
      throw error;
    }
    const release = client.release.bind(client);
    client.release = (error) => {
      release(error);
      leave();
    };
    return client;
  }
}

function longestWaitMs(): number {
  const remainingMs = currentDeadline()?.remainingMs();
  if (remainingMs === undefined) return withoutDeadlineMs;
  return remainingMs - Math.min(reserve.maxMs, remainingMs * reserve.share);
}
