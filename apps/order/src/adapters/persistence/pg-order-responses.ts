import { IdempotencyStore, type IdempotencyScope, type Sql } from '@causeway/persistence';
import type { OrderDetails, OrderResponses } from '../../application/ports.js';
import { withoutPersonalData, type OrderSealing, type SealedColumns, type StoredOrder } from './order-row.js';

/** Stored responses without personal data, which stays sealed in the order; a replay reads it from there. */
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
    // The response to placing has not seen the cancellation that came later.
    const { rows } = await this.sql.query<SealedColumns>(
      `SELECT address_sealed AS "addressSealed", CASE WHEN $2 > 1 THEN given_reason_sealed END AS "givenReasonSealed"
         FROM orders WHERE id = $1`,
      [stored.id, stored.version],
    );
    return this.sealing.withPersonalData(stored, rows[0]!);
  }

  async complete(scope: IdempotencyScope, fingerprint: string, order: OrderDetails): Promise<void> {
    await this.store.complete(scope, fingerprint, { status: 202, headers: {}, body: withoutPersonalData(order) });
  }
}
