import type { Sql } from '@causeway/persistence';
import { v7 as uuidv7 } from 'uuid';
import type { ChargeTransition } from './charge.js';
import { deliveryDelaysMs, type WebhookChaos } from './delivery-schedule.js';

const eventTypes = {
  authorize: 'charge.authorized',
  decline: 'charge.declined',
  capture: 'charge.captured',
  void: 'charge.voided',
  refund: 'charge.refunded',
} as const;

/** Adds the event of a transition to the deliveries, in the transaction that makes it. */
export class PgWebhookDeliveries {
  constructor(
    private readonly sql: Sql,
    private readonly chaos: WebhookChaos,
  ) {}

  async add({ charge, entry }: ChargeTransition, seq: number, now: Date): Promise<void> {
    const id = `evt_${uuidv7().replaceAll('-', '')}`;
    const data = { chargeId: charge.id, reference: charge.reference };
    const body = JSON.stringify({ id, type: eventTypes[entry.type], createdAt: now.toISOString(), data });
    for (const delayMs of deliveryDelaysMs(seq, this.chaos)) {
      await this.sql.query(
        `INSERT INTO webhook_deliveries (event_id, body, due_at) VALUES ($1, $2, now() + $3 * interval '1 millisecond')`,
        [id, body, delayMs],
      );
    }
  }
}
