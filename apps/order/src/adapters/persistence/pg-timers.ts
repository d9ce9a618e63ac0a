import type { Sql } from '@causeway/persistence';
import type { OpenOrders } from '../../application/pace.js';
import type { DueStep, Timers, Timing } from '../../application/ports.js';

/** Saga timers in PostgreSQL. The server's clock decides, so the clocks of instances need not agree. */
export class PgTimers implements Timers, OpenOrders {
  constructor(
    private readonly sql: Sql,
    private readonly timing: Timing,
  ) {}

  /**
   * Claims and reschedules in one statement: the wait doubles from `redriveMs` up to `redriveMaxMs`, but does not pass
   * the payment limit. Instances that ask at the same time get different rows (SKIP LOCKED).
   */
  async claimDue(limit: number): Promise<DueStep[]> {
    const { rows } = await this.sql.query<DueStep>(
      `WITH due AS (
           SELECT order_id, give_up_at <= clock_timestamp() AS expired FROM saga_timers
            WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         UPDATE saga_timers SET attempts = attempts + 1,
                due_at = least(
                  clock_timestamp() + least($3, $2 * power(2, least(attempts + 1, 30))) * interval '1 millisecond',
                  CASE WHEN NOT due.expired THEN give_up_at END)
           FROM due WHERE saga_timers.order_id = due.order_id
         RETURNING saga_timers.order_id AS "orderId", coalesce(due.expired, false) AS expired`,
      [limit, this.timing.redriveMs, this.timing.redriveMaxMs],
    );
    return rows;
  }

  async makeDueNow(orderIds: readonly string[]): Promise<void> {
    await this.sql.query(
      "UPDATE saga_timers SET due_at = date_trunc('milliseconds', clock_timestamp()) WHERE order_id = ANY($1::uuid[])",
      [orderIds],
    );
  }

  /** An order has a timer exactly while a step is open. */
  async stillOpen(orderIds: readonly string[]): Promise<string[]> {
    const { rows } = await this.sql.query<{ id: string }>(
      'SELECT order_id AS id FROM saga_timers WHERE order_id = ANY($1::uuid[])',
      [orderIds],
    );
    return rows.map(({ id }) => id);
  }
}
