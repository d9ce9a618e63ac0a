import { purgeIdempotency, purgeInbox, type Sql, type UnitOfWork } from '@causeway/persistence';
import { getLogger } from '@causeway/telemetry';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';

const log = getLogger('housekeeping');
const everyMs = 3_600_000;
/** What one purge deletes at most: fewer means that it is done. */
const batch = 5_000;

/** Forgets, once an hour, answers to Idempotency-Keys after 24 hours and handled messages after 30 days. */
export class HousekeepingWorker implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private turn: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(private readonly uow: UnitOfWork<Sql>) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => (this.turn = this.once()), everyMs);
    this.timer.unref();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    clearInterval(this.timer);
    await this.turn;
  }

  /** One turn, in statements of limited size; a failed one is made up for by the next. */
  async once(): Promise<void> {
    try {
      for (const purge of [purgeIdempotency, purgeInbox]) {
        let deleted = batch;
        while (deleted >= batch && !this.stopping) deleted = await this.uow.single((sql) => purge(sql));
      }
    } catch (err) {
      log.warn({ err }, 'old keys and messages were not removed; trying again in an hour');
    }
  }
}
