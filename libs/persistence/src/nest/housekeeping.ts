import { getLogger } from '@causeway/telemetry';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { purgeBatch } from '../purge.js';
import type { Sql } from '../sql.js';

/** Deletes at most `purgeBatch` rows and returns how many, like `purgeIdempotency` and `purgeInbox`. */
export type Purge = (sql: Sql) => Promise<number>;

const log = getLogger('housekeeping');

/**
 * Deletes old rows: at every interval, runs each purge until none are left. Several instances may do so at once.
 * Shutdown waits for a round in progress before the database closes.
 */
export class Housekeeping implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  /** The round in progress. */
  private round: Promise<void> | undefined;
  private stopping = false;

  /**
   * @param sql     Commits each statement by itself: `poolSql(pool)`.
   * @param everyMs Interval between rounds, milliseconds. Default one hour.
   */
  constructor(
    private readonly sql: Sql,
    private readonly purges: readonly Purge[],
    private readonly everyMs = 3_600_000,
  ) {}

  onApplicationBootstrap(): void {
    // A round that takes longer than the interval delays the next: the stop waits for one round, not for several.
    const run = (): void => void (this.round ??= this.once().finally(() => (this.round = undefined)));
    this.timer = setInterval(run, this.everyMs);
    this.timer.unref();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    clearInterval(this.timer);
    await this.round;
  }

  /**
   * Runs one round. Never throws: the next round repeats what failed, and one failing purge does not stop the others.
   */
  async once(): Promise<void> {
    for (const purge of this.purges) {
      try {
        let deleted = purgeBatch;
        while (deleted >= purgeBatch && !this.stopping) deleted = await purge(this.sql);
      } catch (err) {
        log.warn({ err }, 'old rows could not be deleted; retrying in the next round');
      }
    }
  }
}
