import { purgeIdempotency, type Transaction, type UnitOfWork } from '@causeway/persistence';
import { getLogger } from '@causeway/telemetry';

const batch = 5_000;

/** Each is one statement over at most `batch` rows, so that nobody waits for it; several instances may do the same at once. */
const purges: readonly string[] = [
  `delete from oidc_artifacts where ctid = any (array(
     select ctid from oidc_artifacts where expires_at < now() - interval '1 minute' limit ${batch} for update skip locked))`,
  `delete from login_failures where ctid = any (array(
     select ctid from login_failures where window_started_at < now() - $1::bigint * interval '1 ms' limit ${batch} for update skip locked))`,
];

/** Deletes what has expired: sessions, codes and tokens, old counts of failed sign-ins, answers to Idempotency-Keys older than 24 h. */
export class Housekeeping {
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> = Promise.resolve();

  constructor(
    private readonly uow: UnitOfWork<Transaction>,
    private readonly settings: { readonly HOUSEKEEPING_INTERVAL_MS: number; readonly LOGIN_WINDOW_MS: number },
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.round = this.run().catch((err: unknown) => {
        getLogger('housekeeping').warn({ err }, 'a round failed; the next one tries again');
      });
    }, this.settings.HOUSEKEEPING_INTERVAL_MS).unref();
  }

  /** Before the database is closed: a round in flight may end. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.round;
  }

  /** One round. */
  async run(): Promise<void> {
    const [artifacts, failures] = purges as [string, string];
    await this.drain(async ({ sql }) => (await sql.query(artifacts)).rowCount);
    await this.drain(async ({ sql }) => (await sql.query(failures, [this.settings.LOGIN_WINDOW_MS])).rowCount);
    await this.drain(({ sql }) => purgeIdempotency(sql));
  }

  private async drain(purge: (tx: Transaction) => Promise<number>): Promise<void> {
    while ((await this.uow.single(purge)) >= batch);
  }
}
