import { purgeInbox, type Sql } from '@causeway/persistence';
import { getLogger } from '@causeway/telemetry';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';

const log = getLogger('housekeeping');
const everyMs = 3_600_000;
/** What one purge deletes at most: fewer means that it is done. */
const batch = 5_000;

/** Forgets, once an hour, handled messages and webhook events after 30 days: nobody delivers anything again after that. */
export class HousekeepingWorker implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private turn: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(private readonly sql: Sql) {}

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
      for (const purge of [purgeInbox, purgeWebhooks]) {
        let deleted = batch;
        while (deleted >= batch && !this.stopping) deleted = await purge(this.sql);
      }
    } catch (err) {
      log.warn({ err }, 'old messages and webhooks were not removed; trying again in an hour');
    }
  }
}

async function purgeWebhooks(sql: Sql): Promise<number> {
  const { rowCount } = await sql.query(
    `DELETE FROM psp_webhook_events WHERE id IN (
       SELECT id FROM psp_webhook_events WHERE received_at < now() - interval '30 days' LIMIT ${batch})`,
  );
  return rowCount;
}
