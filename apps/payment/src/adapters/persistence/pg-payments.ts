import type { Sql } from '@causeway/persistence';
import type { PaymentRepository } from '../../application/ports.js';
import type { Payment, PaymentStatus, Refund, OperationKind } from '../../domain/payment.js';

/**
 * A row of `payments` with its refunds as a JSON array: the whole aggregate in one round trip. `bigint` arrives as
 * text.
 */
interface PaymentRow {
  id: string;
  order_id: string;
  customer_id: string | null;
  amount_minor: string | null;
  currency: string | null;
  status: PaymentStatus;
  step: OperationKind | null;
  charge_id: string | null;
  captured_minor: string;
  refunded_minor: string;
  decline_reason: string | null;
  capture_failure: string | null;
  void_reason: string | null;
  version: number;
  created_at: Date;
  updated_at: Date;
  refunds: { id: string; amount_minor: number; status: Refund['status']; reason: string; created_at: string }[];
}

const toPayment = (row: PaymentRow): Payment => ({
  id: row.id,
  orderId: row.order_id,
  terms:
    row.customer_id === null || row.amount_minor === null || row.currency === null
      ? null
      : { customerId: row.customer_id, amountMinor: Number(row.amount_minor), currency: row.currency },
  status: row.status,
  inFlight: row.step,
  chargeId: row.charge_id,
  capturedMinor: Number(row.captured_minor),
  refundedMinor: Number(row.refunded_minor),
  declineReason: row.decline_reason,
  captureFailure: row.capture_failure,
  voidReason: row.void_reason,
  refunds: row.refunds.map(({ id, amount_minor, status, reason, created_at }) => ({
    id,
    amountMinor: amount_minor,
    status,
    reason,
    createdAt: new Date(created_at),
  })),
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

export class PgPayments implements PaymentRepository {
  constructor(private readonly sql: Sql) {}

  async forUpdate(id: string): Promise<Payment | undefined> {
    const { rows } = await this.sql.query<PaymentRow>(
      `SELECT p.*, coalesce((SELECT jsonb_agg(to_jsonb(r) ORDER BY r.position) FROM refunds r WHERE r.payment_id = p.id), '[]') AS refunds
         FROM payments p WHERE p.id = $1 FOR UPDATE OF p`,
      [id],
    );
    return rows[0] && toPayment(rows[0]);
  }

  async insert(payment: Payment): Promise<boolean> {
    const { rowCount } = await this.sql.query(
      `INSERT INTO payments (id, order_id, customer_id, amount_minor, currency, status, step, charge_id, captured_minor, refunded_minor,
                             decline_reason, capture_failure, void_reason, version, created_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT (id) DO NOTHING`,
      [
        payment.id,
        payment.orderId,
        payment.terms?.customerId ?? null,
        payment.terms?.amountMinor ?? null,
        payment.terms?.currency ?? null,
        payment.status,
        payment.inFlight,
        payment.chargeId,
        payment.capturedMinor,
        payment.refundedMinor,
        payment.declineReason,
        payment.captureFailure,
        payment.voidReason,
        payment.version,
        payment.createdAt,
        payment.updatedAt,
      ],
    );
    return rowCount === 1;
  }

  async save(payment: Payment, before: Payment): Promise<void> {
    const { rowCount } = await this.sql.query(
      `UPDATE payments SET customer_id = $3, amount_minor = $4, currency = $5, status = $6, step = $7, charge_id = $8,
              captured_minor = $9, refunded_minor = $10, decline_reason = $11, capture_failure = $12, void_reason = $13, version = $14,
              updated_at = $15
        WHERE id = $1 AND version = $2`,
      [
        payment.id,
        before.version,
        payment.terms?.customerId ?? null,
        payment.terms?.amountMinor ?? null,
        payment.terms?.currency ?? null,
        payment.status,
        payment.inFlight,
        payment.chargeId,
        payment.capturedMinor,
        payment.refundedMinor,
        payment.declineReason,
        payment.captureFailure,
        payment.voidReason,
        payment.version,
        payment.updatedAt,
      ],
    );
    if (rowCount !== 1) throw new Error(`payment ${payment.id} was saved without a lock`);
    if (payment.refunds !== before.refunds) await this.saveRefunds(payment);
  }

  private async saveRefunds({ id, refunds }: Payment): Promise<void> {
    const rows = refunds.map((refund, position) => ({
      id: refund.id,
      position,
      amount_minor: refund.amountMinor,
      status: refund.status,
      reason: refund.reason,
      created_at: refund.createdAt,
    }));
    await this.sql.query(
      `INSERT INTO refunds (payment_id, id, position, amount_minor, status, reason, created_at)
       SELECT $1, r.id, r.position, r.amount_minor, r.status, r.reason, r.created_at
         FROM jsonb_to_recordset($2::jsonb)
           AS r (id uuid, position int, amount_minor bigint, status text, reason text, created_at timestamptz)
       ON CONFLICT (payment_id, id)
       DO UPDATE SET position = excluded.position, amount_minor = excluded.amount_minor, status = excluded.status, reason = excluded.reason`,
      [id, JSON.stringify(rows)],
    );
  }
}
