import { IdempotencyStore, type IdempotencyScope, type Sql } from '@causeway/persistence';
import type { OrderDetails, OrderResponses } from '../../application/ports.js';
import { withoutAddress, type OrderSealing, type StoredOrder } from './order-row.js';

/** Stored responses without the address, which stays sealed in the order; a replay reads it from there. */
export class PgOrderResponses implements OrderResponses {
  private readonly store: IdempotencyStore;

  constructor(
    private readonly sql: Sql,
    private readonly sealing: OrderSealing,
  ) {
    this.store = new IdempotencyStore(sql);
  }

  async begin(scope: IdempotencyScope, fingerprint: string): Promise<OrderDetails | undefined> {
    const response = await this.store.begin(scope, fingerprint);
    if (!response) return undefined;
    const stored = response.body as StoredOrder;
    const { rows } = await this.sql.query<{ sealed: string | null }>(
      'SELECT address_sealed AS sealed FROM orders WHERE id = $1',
      [stored.id],
    );
    return this.sealing.withAddress(stored, rows[0]!.sealed);
  }

  async complete(scope: IdempotencyScope, fingerprint: string, order: OrderDetails): Promise<void> {
    await this.store.complete(scope, fingerprint, { status: 202, headers: {}, body: withoutAddress(order) });
  }
}
