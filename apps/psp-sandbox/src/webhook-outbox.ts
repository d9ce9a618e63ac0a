import type { Sql } from '@causeway/persistence';
import { v7 as uuidv7 } from 'uuid';
import { chance } from './chance.js';
import type { Movement } from './charge.js';

export interface WebhookChaos {
  readonly seed: number;
  /** Share of events that are sent twice, and of deliveries that are late, 0 to 1. */
  readonly ratio: number;
}

/** Longest delay of a late webhook, milliseconds: long enough to be overtaken by the events after it. */
const lateMs = 5_000;

const eventTypes = {
  authorize: 'charge.authorized',
  decline: 'charge.declined',
  capture: 'charge.captured',
  void: 'charge.voided',
  refund: 'charge.refunded',
} as const;

/** Delays, in milliseconds, at which the webhook of a ledger entry is delivered: usually one of 0; now and then late, or twice. */
export function deliveryDelaysMs(seq: number, { seed, ratio }: WebhookChaos): number[] {
  const delay = (copy: number) =>
    chance(seed, seq, copy, 'late') < ratio ? Math.round(chance(seed, seq, copy, 'by') * lateMs) : 0;
  return chance(seed, seq, 'twice') < ratio ? [delay(1), delay(2)] : [delay(1)];
}

/** Writes the webhooks of a movement into the transaction that makes it. */
export class WebhookOutbox {
  constructor(
    private readonly sql: Sql,
    private readonly chaos: WebhookChaos,
  ) {}

  async add({ charge, entry }: Movement, seq: number, now: Date): Promise<void> {
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
