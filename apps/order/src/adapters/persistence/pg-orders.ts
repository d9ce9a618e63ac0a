import { authorizePayment, orderPlaced } from '@causeway/contracts';
import { draftEnvelope } from '@causeway/messaging';
import { purgeBatch, type Transaction } from '@causeway/persistence';
import { currentTraceId, noteIds } from '@causeway/telemetry';
import { authorizeDraft } from '../../application/payment-commands.js';
import type {
  ChangeRecord,
  NewOrder,
  OrderDetails,
  Orders,
  PlaceOrderResult,
  Timing,
} from '../../application/ports.js';
import type { Order } from '../../domain/order.js';
import { forgetCustomers } from './forget-customers.js';
import type { OrderRow, OrderSealing, StoredOrder } from './order-row.js';

const lines = `(SELECT json_agg(json_build_object('productId', product_id, 'name', name, 'quantity', quantity,
    'unitPriceMinor', unit_price_minor) ORDER BY position) FROM order_lines WHERE order_id = orders.id) AS lines`;

type LockedRow = Omit<Order, 'totalMinor'> & { readonly totalMinor: string };
type PlacedRow =
  { outcome: 'placed'; order: StoredOrder } | { outcome: 'replayed'; order: StoredOrder; addressSealed: string | null };

/** Orders in PostgreSQL, within one transaction. Placing is the SQL function in `place-order.sql`. */
export class PgOrders implements Orders {
  constructor(
    private readonly transaction: Transaction,
    private readonly sealing: OrderSealing,
    private readonly timing: Timing,
    private readonly relay: { wake(): void },
  ) {}

  async place(order: NewOrder): Promise<PlaceOrderResult> {
    const { rows } = await this.transaction.sql.query<{
      result: PlacedRow | Exclude<PlaceOrderResult, { order: unknown }>;
    }>('SELECT place_order($1::jsonb) AS result', [JSON.stringify(this.requestOf(order))]);
    const { result } = rows[0]!;
    switch (result.outcome) {
      case 'placed':
        noteIds({ orderId: result.order.id });
        this.transaction.afterCommit(() => this.relay.wake());
        return {
          outcome: 'placed',
          order: { ...result.order, shippingAddress: order.shippingAddress, givenReason: null },
        };
      case 'replayed':
        return {
          outcome: 'replayed',
          order: this.sealing.withPersonalData(result.order, {
            addressSealed: result.addressSealed,
            givenReasonSealed: null,
          }),
        };
      default:
        return result;
    }
  }

  /** Drafts the envelopes here, where the trace is known; `place_order` adds the lines, the amount and the time. */
  private requestOf({ orderId, paymentId, customerId, sealedCardToken, ...order }: NewOrder) {
    const target = { orderId, paymentId, customerId };
    return {
      ...target,
      items: order.items,
      idempotency: order.idempotency,
      addressSealed: this.sealing.sealAddress(orderId, order.shippingAddress),
      cardTokenSealed: sealedCardToken,
      redriveMs: this.timing.redriveMs,
      paymentLimitMs: this.timing.paymentLimitMs,
      placedMessage: draftEnvelope(orderPlaced, { source: 'order', aggregateId: orderId, data: target }),
      authorizeMessage: draftEnvelope(authorizePayment, {
        source: 'order',
        aggregateId: paymentId,
        data: authorizeDraft({ ...target, id: orderId }, sealedCardToken),
      }),
    };
  }

  async forUpdate(orderId: string): Promise<Order | undefined> {
    // NO KEY UPDATE, because lines and timers refer to the order, and their inserts must not wait.
    const { rows } = await this.transaction.sql.query<LockedRow>(
      `SELECT id, customer_id AS "customerId", payment_id AS "paymentId", status, step, stock_held AS "stockHeld", reason,
              payment_version AS "paymentVersion", currency, total_minor AS "totalMinor", version, ${lines}
         FROM orders WHERE id = $1 FOR NO KEY UPDATE`,
      [orderId],
    );
    const row = rows[0];
    return row && { ...row, totalMinor: Number(row.totalMinor) };
  }

  /**
   * One statement, so that a change and its history cannot come apart, and the history costs no statement more. The card
   * token is forgotten with the step that needs it.
   */
  async save(order: Order, { from, event, cause }: ChangeRecord): Promise<void> {
    const { id, status, step, stockHeld, reason, paymentVersion, version } = order;
    const { rowCount } = await this.transaction.sql.query(
      `WITH saved AS (
         UPDATE orders SET status = $2::order_status, step = $3::saga_step, stock_held = $4, reason = $5, payment_version = $6,
                version = $7, updated_at = clock_timestamp(),
                card_token_sealed = CASE WHEN $3::saga_step = 'authorize' THEN card_token_sealed END
          WHERE id = $1 AND version = $7 - 1
         RETURNING id, version, status, step, reason, updated_at)
       INSERT INTO order_events (order_id, version, status, step, reason, occurred_at,
                                 from_status, event, cause, cause_name, cause_id, trace_id)
         SELECT saved.*, $8::order_status, $9, $10::order_cause, $11, $12, $13 FROM saved`,
      [
        ...[id, status, step, stockHeld, reason, paymentVersion, version],
        ...[from, event, cause.kind, cause.name, cause.id, currentTraceId() ?? null],
      ],
    );
    if (rowCount !== 1) throw new Error(`order ${id} was saved without a lock`);
  }

  async releaseStock({ id }: Order): Promise<void> {
    // Locks products in the order of their ids, as place_order does, so that the two cannot deadlock.
    await this.transaction.sql.query(
      `WITH line AS (SELECT product_id, quantity FROM order_lines WHERE order_id = $1),
            locked AS MATERIALIZED (
              SELECT id FROM products WHERE id IN (SELECT product_id FROM line) ORDER BY id FOR NO KEY UPDATE)
       UPDATE products SET available = available + line.quantity, version = version + 1
         FROM line JOIN locked ON locked.id = line.product_id WHERE products.id = locked.id`,
      [id],
    );
  }

  async schedule({ id, step }: Order): Promise<void> {
    if (step === null) {
      await this.transaction.sql.query('DELETE FROM saga_timers WHERE order_id = $1', [id]);
      return;
    }
    const canBeGivenUp = step === 'authorize' || step === 'capture';
    await this.transaction.sql.query(
      `INSERT INTO saga_timers (order_id, due_at) VALUES ($1, clock_timestamp() + $2 * interval '1 millisecond')
         ON CONFLICT (order_id) DO UPDATE SET attempts = 0,
           give_up_at = CASE WHEN $3 THEN saga_timers.give_up_at END,
           due_at = least(excluded.due_at, CASE WHEN $3 THEN saga_timers.give_up_at END)`,
      [id, this.timing.redriveMs, canBeGivenUp],
    );
  }

  async sealedCardToken(orderId: string): Promise<string> {
    const { rows } = await this.transaction.sql.query<{ sealed: string | null }>(
      'SELECT card_token_sealed AS sealed FROM orders WHERE id = $1',
      [orderId],
    );
    const sealed = rows[0]?.sealed;
    if (!sealed) throw new Error(`order ${orderId} no longer has its card token`);
    return sealed;
  }

  async keepGivenReason(orderId: string, givenReason: string): Promise<void> {
    await this.transaction.sql.query('UPDATE orders SET given_reason_sealed = $2 WHERE id = $1', [
      orderId,
      this.sealing.sealGivenReason(orderId, givenReason),
    ]);
  }

  async forget(customerId: string, erasedAt: string): Promise<void> {
    const { sql } = this.transaction;
    await sql.query('INSERT INTO erased_customers (customer_id, erased_at) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      customerId,
      erasedAt,
    ]);
    await sql.query('DELETE FROM causeway.idempotency WHERE subject = $1', [customerId]);
    while ((await forgetCustomers(sql)) >= purgeBatch);
  }

  async details(orderId: string): Promise<OrderDetails> {
    const { rows } = await this.transaction.sql.query<OrderRow>(
      `SELECT id, status, currency, total_minor AS "totalMinor", address_sealed AS "addressSealed", payment_id AS "paymentId", reason,
              given_reason_sealed AS "givenReasonSealed", version, placed_at AS "placedAt", updated_at AS "updatedAt", ${lines}
         FROM orders WHERE id = $1`,
      [orderId],
    );
    return this.sealing.details(rows[0]!);
  }
}
