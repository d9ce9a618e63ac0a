import { DatabaseUnavailable, type Sql } from '@causeway/persistence';
import { v7 as uuidv7 } from 'uuid';
import type { Operation, OperationQueue } from '../../application/ports.js';
import type { OperationKind } from '../../domain/payment.js';

interface OperationRow {
  id: string;
  payment_id: string;
  order_id: string;
  step: OperationKind;
  key: string;
  status: Operation['status'];
  amount_minor: string;
  currency: string;
  refund_id: string | null;
  charge_id: string | null;
  card_token_sealed: string | null;
  attempts: number;
  reads: number;
  unsent: number;
  created_at: Date;
  traceparent: string | null;
  lease: string;
}

/**
 * Claims due operations, each time in a single statement. An operation whose lease has expired is due: its holder is
 * dead or late, and the idempotency key makes a second call harmless. The claim counts the attempt before anything is
 * sent.
 */
export class PgOperationQueue implements OperationQueue {
  /** Leases of claims whose response was lost: the database may have granted them. Released before the next claim. */
  private readonly unclearClaims = new Set<string>();
  /** Lease by operation id, where `release` failed. Released before the next claim. */
  private readonly unreleased = new Map<string, string>();

  /** @param sql Autocommit: the claim must be visible before the provider is called. */
  constructor(private readonly sql: Sql) {}

  async claim(limit: number, leaseMs: number): Promise<Operation[]> {
    await this.releaseLeftovers();
    const lease = uuidv7();
    try {
      return await this.claimAs(lease, limit, leaseMs);
    } catch (error) {
      if (error instanceof DatabaseUnavailable && error.outcome === 'unknown') this.unclearClaims.add(lease);
      throw error;
    }
  }

  async untilNextDue(): Promise<number | undefined> {
    const { rows } = await this.sql.query<{ ms: number | null }>(
      `SELECT ceil(extract(epoch FROM min(greatest(due_at, lease_until)) - now()) * 1000)::float8 AS ms
         FROM psp_operations WHERE status IN ('READY', 'UNKNOWN')`,
    );
    const ms = rows[0]?.ms;
    return ms === null || ms === undefined ? undefined : Math.max(0, ms);
  }

  async release({ id, lease }: Pick<Operation, 'id' | 'lease'>, delayMs: number): Promise<void> {
    try {
      // Truncated, because the column keeps milliseconds and rounds: half of the times it would be due a moment later.
      await this.sql.query(
        `UPDATE psp_operations SET lease = NULL, lease_until = NULL,
                due_at = date_trunc('milliseconds', now()) + $3 * interval '1 millisecond'
          WHERE id = $1 AND lease = $2 AND status IN ('READY', 'UNKNOWN')`,
        [id, lease, delayMs],
      );
    } catch (error) {
      this.unreleased.set(id, lease);
      throw error;
    }
  }

  private async releaseLeftovers(): Promise<void> {
    if (this.unreleased.size + this.unclearClaims.size === 0) return;
    await this.sql.query(
      `UPDATE psp_operations SET lease = NULL, lease_until = NULL
        WHERE status IN ('READY', 'UNKNOWN')
          AND (lease = ANY($1) OR (id, lease) IN (SELECT * FROM unnest($2::uuid[], $3::uuid[])))`,
      [[...this.unclearClaims], [...this.unreleased.keys()], [...this.unreleased.values()]],
    );
    this.unclearClaims.clear();
    this.unreleased.clear();
  }

  private async claimAs(lease: string, limit: number, leaseMs: number): Promise<Operation[]> {
    const { rows } = await this.sql.query<OperationRow>(
      `WITH due AS (
         SELECT id FROM psp_operations
          WHERE status IN ('READY', 'UNKNOWN') AND due_at <= now() AND (lease_until IS NULL OR lease_until <= now())
          ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
       UPDATE psp_operations o
          SET lease = $2, lease_until = now() + $3 * interval '1 millisecond',
              attempts = o.attempts + CASE o.status WHEN 'READY' THEN 1 ELSE 0 END
         FROM due, payments p
        WHERE o.id = due.id AND p.id = o.payment_id
       RETURNING o.id, o.payment_id, p.order_id, o.step, o.key, o.status, o.amount_minor, p.currency, o.refund_id, p.charge_id, o.card_token_sealed,
                 o.attempts, o.reads, o.unsent, o.created_at, o.traceparent, o.lease`,
      [limit, lease, leaseMs],
    );
    return rows.map((row) => ({
      id: row.id,
      paymentId: row.payment_id,
      orderId: row.order_id,
      kind: row.step,
      key: row.key,
      status: row.status,
      amountMinor: Number(row.amount_minor),
      currency: row.currency,
      refundId: row.refund_id,
      chargeId: row.charge_id,
      sealedCardToken: row.card_token_sealed,
      attempts: row.attempts,
      reads: row.reads,
      unsent: row.unsent,
      createdAt: row.created_at,
      traceparent: row.traceparent,
      lease: row.lease,
    }));
  }
}
