import type { OrderHistoryEntry } from '@causeway/contracts';
import { FieldCipher, FieldKeys, PgUnitOfWork, poolSql } from '@causeway/persistence';
import { createDatabase, type TestDatabase } from '@causeway/testkit';
import { OrderSealing } from '../adapters/persistence/order-row.js';
import { bindTransaction } from '../adapters/persistence/order-transaction.js';
import { PgTimers } from '../adapters/persistence/pg-timers.js';
import type { OrderTransaction, OrderUnitOfWork, Timers } from '../application/ports.js';
import { migrations } from '../migrations.js';
import type { SentMessage } from './in-memory-orders.js';
import { products, type OrderStore } from './fixtures.js';

export const timing = { redriveMs: 30_000, redriveMaxMs: 300_000, paymentLimitMs: 900_000 };
export const sealing = new OrderSealing(new FieldCipher(new FieldKeys(new Map([['v1', Buffer.alloc(32, 7)]]), 'v1')));

export interface OrderDatabase extends OrderStore {
  readonly database: TestDatabase;
  readonly uow: OrderUnitOfWork;
  readonly claims: Timers;
  /** How often the relay was woken. */
  readonly wakes: () => number;
  query<R>(text: string, values?: unknown[]): Promise<R[]>;
}

/** A database with the migrations of the service and the products of the contract suite. */
export async function openOrderDatabase(): Promise<OrderDatabase> {
  const database = await createDatabase({ migrations });
  const { pool } = database;
  let wakes = 0;
  const query = async <R>(text: string, values?: unknown[]): Promise<R[]> =>
    (await pool.query(text, values)).rows as R[];
  for (const { id, name, priceMinor, currency, available } of products) {
    await query(
      `INSERT INTO products (id, name, description, price_minor, currency, available) VALUES ($1, $2, 'For tests', $3, $4, $5)`,
      [id, name, priceMinor, currency, available],
    );
  }
  return {
    database,
    query,
    wakes: () => wakes,
    uow: new PgUnitOfWork<OrderTransaction>(pool, bindTransaction(sealing, timing, { wake: () => void wakes++ })),
    claims: new PgTimers(poolSql(pool), timing),
    stockOf: async (productId) =>
      (await query<{ available: number }>('SELECT available FROM products WHERE id = $1', [productId]))[0]!.available,
    sent: () =>
      query<SentMessage>(
        `SELECT subject, aggregate_id AS "aggregateId", envelope -> 'data' AS data FROM causeway.outbox ORDER BY position`,
      ),
    history: (orderId) =>
      query<OrderHistoryEntry>(
        `SELECT version, from_status AS "from", status, step, reason, event,
                to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "occurredAt",
                json_build_object('kind', cause, 'name', cause_name, 'id', cause_id) AS cause, trace_id AS "traceId"
           FROM order_events WHERE order_id = $1 ORDER BY version`,
        [orderId],
      ),
    timers: async () => (await query<{ id: string }>('SELECT order_id AS id FROM saga_timers')).map(({ id }) => id),
  };
}
