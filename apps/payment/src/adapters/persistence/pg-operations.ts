import type { Sql } from '@causeway/persistence';
import { currentTraceparent } from '@causeway/telemetry';
import { v7 as uuidv7 } from 'uuid';
import type { Operation, OperationRepository, Reschedule } from '../../application/ports.js';
import { operationKeyPrefix, type OperationIntent } from '../../domain/payment.js';

/** Every caller holds the lock on the payment, so the number that `add` counts out is unique. */
export class PgOperations implements OperationRepository {
  /** @param wakeWorker Called when an operation becomes due; wakes the worker after the commit. */
  constructor(
    private readonly sql: Sql,
    private readonly wakeWorker: () => void,
  ) {}

  async add(paymentId: string, intent: OperationIntent, sealedCardToken?: string): Promise<void> {
    await this.sql.query(
      `INSERT INTO psp_operations (id, payment_id, step, n, key, refund_id, amount_minor, card_token_sealed, traceparent)
       SELECT $1, $2, $3, n, $4 || n, $5, $6, $7, $8
         FROM (SELECT count(*)::int + 1 AS n FROM psp_operations WHERE payment_id = $2 AND step = $3) earlier`,
      [
        uuidv7(),
        paymentId,
        intent.kind,
        operationKeyPrefix(paymentId, intent.kind),
        intent.refundId ?? null,
        intent.amountMinor,
        sealedCardToken ?? null,
        currentTraceparent() ?? null,
      ],
    );
    this.wakeWorker();
  }

  async mayBeSent(paymentId: string): Promise<boolean> {
    const { rows } = await this.sql.query<{ attempts: number }>(
      `SELECT attempts FROM psp_operations WHERE payment_id = $1 AND status IN ('READY', 'UNKNOWN') FOR UPDATE`,
      [paymentId],
    );
    return rows.some(({ attempts }) => attempts > 0);
  }

  async withdraw(paymentId: string): Promise<void> {
    await this.sql.query(
      `UPDATE psp_operations SET status = 'WITHDRAWN', closed_at = now(), card_token_sealed = NULL
        WHERE payment_id = $1 AND status = 'READY' AND attempts = 0`,
      [paymentId],
    );
  }

  async close(id: string, status: 'SUCCEEDED' | 'REFUSED', result: string): Promise<boolean> {
    const { rowCount } = await this.sql.query(
      `UPDATE psp_operations SET status = $2, result = $3, closed_at = now(), lease = NULL, lease_until = NULL, card_token_sealed = NULL
        WHERE id = $1 AND status IN ('READY', 'UNKNOWN')`,
      [id, status, result],
    );
    return rowCount === 1;
  }

  async reschedule({ id, lease }: Pick<Operation, 'id' | 'lease'>, next: Reschedule): Promise<boolean> {
    const { rowCount } = await this.sql.query(
      `UPDATE psp_operations SET status = $3, attempts = $4, reads = $5, unsent = $6, lease = NULL, lease_until = NULL,
              due_at = now() + $7 * interval '1 millisecond'
        WHERE id = $1 AND lease = $2 AND status IN ('READY', 'UNKNOWN')`,
      [id, lease, next.status, next.attempts, next.reads, next.unsent, next.delayMs],
    );
    return rowCount === 1;
  }

  async makeDueNow(paymentId: string): Promise<void> {
    const { rowCount } = await this.sql.query(
      `UPDATE psp_operations SET due_at = date_trunc('milliseconds', now()) WHERE payment_id = $1 AND status = 'UNKNOWN' AND due_at > now()`,
      [paymentId],
    );
    if (rowCount > 0) this.wakeWorker();
  }
}
