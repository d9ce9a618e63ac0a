import type { PspWebhookBody } from '@causeway/contracts';
import type { PaymentUnitOfWork } from './ports.js';

/**
 * Treats an event of the provider as a hint, and stores nothing of it. Webhooks arrive twice, late and out of order, so
 * their content changes nothing. If an operation is UNKNOWN, its next reading is due now, and that reading decides
 * (docs/decisions/0028-webhooks-are-hints.md).
 */
export class ReceiveWebhook {
  constructor(private readonly uow: PaymentUnitOfWork) {}

  /** An event about something that is no payment of ours changes nothing either. */
  async execute({ data: { reference } }: PspWebhookBody): Promise<void> {
    if (!uuid.test(reference)) return;
    await this.uow.run((tx) => tx.operations.makeDueNow(reference), { aggregate: reference });
  }

  /** Records that somebody sent what the provider has not signed. */
  async refuse(code: string): Promise<void> {
    await this.uow.single(({ security }) =>
      security.record({ type: 'webhook.refused', outcome: 'denied', details: { code } }),
    );
  }
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
