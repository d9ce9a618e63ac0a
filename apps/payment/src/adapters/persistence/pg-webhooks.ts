import type { Sql } from '@causeway/persistence';
import type { WebhookEvent, WebhookRepository } from '../../application/ports.js';

export class PgWebhooks implements WebhookRepository {
  constructor(private readonly sql: Sql) {}

  async insert({ id, type, reference, body }: WebhookEvent): Promise<boolean> {
    const { rowCount } = await this.sql.query(
      'INSERT INTO psp_webhook_events (id, type, reference, body) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING',
      [id, type, reference, JSON.stringify(body)],
    );
    return rowCount === 1;
  }
}
