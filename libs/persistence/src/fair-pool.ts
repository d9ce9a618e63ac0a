import { CodedError } from '@causeway/errors';
import { Admission, currentDeadline, currentWork } from '@causeway/resilience';
import { instruments, meter } from '@causeway/telemetry';
import pg from 'pg';

const waitTime = meter('causeway.persistence').duration(
  instruments.dbPoolWait,
  'Time until a connection was there: queueing for it, and opening a new one',
);

/** Longest wait of a request that has no deadline, milliseconds. */
const withoutDeadlineMs = 10_000;
/**
 * The part of a request's remaining time that is kept to deliver a refusal: this share of it, at most `maxMs`
 * milliseconds.
 */
const reserve = { share: 0.1, maxMs: 300 };

type Callback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  release: (error?: unknown) => void,
) => void;

/**
 * A `pg.Pool` shared fairly by requests, messages and background work: every user of it, Prisma's adapter included,
 * waits for a slot before it gets a connection. There are as many slots as connections, so `pg` itself never queues,
 * and its `connectionTimeoutMillis` bounds only the opening of a connection. A full pool is therefore `Overloaded`, and
 * an absent database is an error of opening.
 */
export class FairPool extends pg.Pool {
  readonly admission: Admission;

  constructor(config: pg.PoolConfig) {
    super(config);
    this.admission = new Admission('database', this.options.max);
  }

  /**
   * @throws Overloaded when a request would not get a connection before its deadline. Messages and background work
   *   wait.
   */
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<pg.PoolClient> | void {
    const connecting = this.admitted().catch((error: unknown) => Promise.reject(keptByPrisma(error)));
    if (!callback) return connecting;
    connecting.then(
      (client) => callback(undefined, client, (error) => client.release(error as Error | undefined)),
      (error: unknown) => callback(error as Error, undefined, () => undefined),
    );
  }

  private async admitted(): Promise<pg.PoolClient> {
    const askedAt = performance.now();
    const kind = currentWork();
    const leave = await this.admission.acquire(kind, kind === 'request' ? longestWaitMs() : Infinity);
    let client: pg.PoolClient;
    try {
      client = await super.connect();
    } catch (error) {
      leave();
      // No connection is open, so none will be released: refuse the others now instead of after their own timeouts.
      if (this.totalCount === 0) this.admission.refuseAll(error as Error);
      throw error;
    }
    waitTime.record((performance.now() - askedAt) / 1_000);
    const release = client.release.bind(client);
    client.release = (error) => {
      release(error);
      leave();
    };
    return client;
  }
}

/**
 * Prisma makes an error of its own out of every error with a code, and keeps of it the message, the code and `meta`. So
 * one of ours takes itself along in `meta`, and `translatePgError` finds it there.
 */
function keptByPrisma(error: unknown): unknown {
  if (error instanceof CodedError)
    Object.defineProperty(error, 'meta', { value: { driverAdapterError: error }, configurable: true });
  return error;
}

function longestWaitMs(): number {
  const remainingMs = currentDeadline()?.remainingMs();
  if (remainingMs === undefined) return withoutDeadlineMs;
  return remainingMs - Math.min(reserve.maxMs, remainingMs * reserve.share);
}
