import { getLogger } from '@causeway/telemetry';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { purgeBatch } from '../purge.js';
import type { Sql } from '../sql.js';

/** Deletes at most `purgeBatch` rows and answers how many. `purgeIdempotency` and `purgeInbox` are two of them. */
export type Purge = (sql: Sql) => Promise<number>;

const log = getLogger('housekeeping');

/**
 * Forgets what is too old: runs each purge until it has nothing left, at every interval. Several instances may do so at once. A round in
 * flight ends before the database is closed.
 */
export class Housekeeping implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> = Promise.resolve();
  private stopping = false;

  /**
   * @param sql     Commits each statement on its own: `poolSql(pool)`.
   * @param everyMs From one round to the next, milliseconds. Default one hour.
   */
  constructor(
    private readonly sql: Sql,
    private readonly purges: readonly Purge[],
    private readonly everyMs = 3_600_000,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => (this.round = this.once()), this.everyMs);
    this.timer.unref();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    clearInterval(this.timer);
    await this.round;
  }

  /** One round. Never throws: the next one makes up for what failed, and one purge does not keep the others from their work. */
  async once(): Promise<void> {
    for (const purge of this.purges) {
      try {
        let deleted = purgeBatch;
        while (deleted >= purgeBatch && !this.stopping) deleted = await purge(this.sql);
      } catch (err) {
        log.warn({ err }, 'old rows were not removed; the next round tries again');
      }
    }
  }
}
