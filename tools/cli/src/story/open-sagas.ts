import type { Query } from '../target/read-database.js';

/** An order whose saga waits for an outcome. */
export interface OpenSaga extends Record<string, unknown> {
  readonly id: string;
  readonly payment_id: string;
  readonly status: string;
  readonly step: string | null;
  /** Of the last change. */
  readonly since: Date;
  readonly attempts: number;
  readonly due_at: Date;
}

/** Every open saga has a timer, and the table of timers has nothing else: it is small however many orders there are. */
export const openSagas = (query: Query, waitingMs: number, limit: number): Promise<OpenSaga[]> =>
  query<OpenSaga>(
    `SELECT o.id, o.payment_id, o.status::text, o.step::text, o.updated_at AS since, t.attempts, t.due_at
       FROM saga_timers t JOIN orders o ON o.id = t.order_id
      WHERE o.updated_at <= clock_timestamp() - make_interval(secs => $1)
      ORDER BY o.updated_at LIMIT $2`,
    [waitingMs / 1_000, limit],
  );
