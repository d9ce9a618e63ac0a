import type { Sql } from '@causeway/persistence';
import type { Charge, ChargeStatus, ChargeTransition } from './charge.js';
import { SandboxError } from './errors.js';
import { chargeId } from './schemas.js';

interface ChargeRow {
  id: string;
  reference: string;
  status: ChargeStatus;
  decline_code: string | null;
  amount_minor: string;
  captured_minor: string;
  refunded_minor: string;
  currency: string;
  refunds: { id: string; reference: string; amountMinor: number }[];
}

/** A charge as the API returns it. */
export interface ChargeView extends Charge {
  readonly refunds: readonly { readonly id: string; readonly reference: string; readonly amountMinor: number }[];
}

const toView = (row: ChargeRow): ChargeView => ({
  id: row.id,
  reference: row.reference,
  status: row.status,
  declineCode: row.decline_code,
  amountMinor: Number(row.amount_minor),
  capturedMinor: Number(row.captured_minor),
  refundedMinor: Number(row.refunded_minor),
  currency: row.currency,
  refunds: row.refunds,
});

const select = `SELECT c.*, coalesce((SELECT jsonb_agg(jsonb_build_object('id', r.id, 'reference', r.reference, 'amountMinor', r.amount_minor)
                                             ORDER BY r.created_at, r.id) FROM refunds r WHERE r.charge_id = c.id), '[]') AS refunds
                  FROM charges c`;

/** Charges and the ledger, within one transaction. */
export class PgCharges {
  constructor(private readonly sql: Sql) {}

  /** @throws SandboxError 404 */
  async read(id: string, { lock = false } = {}): Promise<ChargeView> {
    const sql = `${select} WHERE c.id = $1${lock ? ' FOR UPDATE OF c' : ''}`;
    const { rows } = chargeId.safeParse(id).success ? await this.sql.query<ChargeRow>(sql, [id]) : { rows: [] };
    if (rows[0]) return toView(rows[0]);
    throw new SandboxError(404, 'not_found', 'charge_unknown', 'This charge does not exist.');
  }

  async findByReference(reference: string): Promise<ChargeView[]> {
    const { rows } = await this.sql.query<ChargeRow>(
      `${select} WHERE c.reference = $1 ORDER BY c.created_at DESC, c.id DESC LIMIT 100`,
      [reference],
    );
    return rows.map(toView);
  }

  /** Saves the charge and adds its ledger entry. @returns The number of that entry. */
  async save({ charge, entry }: ChargeTransition): Promise<number> {
    const { rows } = await this.sql.query<{ seq: string }>(
      `WITH saved AS (
         INSERT INTO charges (id, reference, status, decline_code, amount_minor, captured_minor, refunded_minor, currency)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (id) DO UPDATE SET status = excluded.status, captured_minor = excluded.captured_minor,
            refunded_minor = excluded.refunded_minor, updated_at = now())
       INSERT INTO ledger_entries (charge_id, reference, currency, type, amount_minor) VALUES ($1, $2, $8, $9, $10)
       RETURNING seq`,
      [
        charge.id,
        charge.reference,
        charge.status,
        charge.declineCode,
        charge.amountMinor,
        charge.capturedMinor,
        charge.refundedMinor,
        charge.currency,
        entry.type,
        entry.amountMinor,
      ],
    );
    return Number(rows[0]?.seq);
  }

  async addRefund(id: string, chargeId: string, reference: string, amountMinor: number): Promise<void> {
    await this.sql.query('INSERT INTO refunds (id, charge_id, reference, amount_minor) VALUES ($1, $2, $3, $4)', [
      id,
      chargeId,
      reference,
      amountMinor,
    ]);
  }
}
