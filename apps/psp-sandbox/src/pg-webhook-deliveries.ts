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
  /** @param wakeDispatcher Called when a delivery is added; wakes the dispatcher after the commit. */
  constructor(
    private readonly sql: Sql,
    private readonly chaos: WebhookChaos,
    private readonly wakeDispatcher: () => void,
  ) {}

  async add({ charge, entry }: ChargeTransition, seq: number, now: Date): Promise<void> {
    const id = `evt_${uuidv7().replaceAll('-', '')}`;
    const data = { chargeId: charge.id, reference: charge.reference };
    const body = JSON.stringify({ id, type: eventTypes[entry.type], createdAt: now.toISOString(), data });
    await this.sql.query(
      `INSERT INTO webhook_deliveries (event_id, body, due_at)
       SELECT $1, $2, now() + delay_ms * interval '1 millisecond' FROM unnest($3::integer[]) AS delay_ms`,
      [id, body, deliveryDelaysMs(seq, this.chaos)],
    );
    this.wakeDispatcher();
  }
}
