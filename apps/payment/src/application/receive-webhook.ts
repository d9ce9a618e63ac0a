import type { PspWebhookBody } from '@causeway/contracts';
import type { PaymentUnitOfWork } from './ports.js';

/**
 * Stores an event of the provider and treats it as a hint. Webhooks arrive twice, late and out of order, so their
 * content changes nothing. If an operation is UNKNOWN, its next reading is due now, and that reading decides.
 */
export class ReceiveWebhook {
  constructor(private readonly uow: PaymentUnitOfWork) {}

  /** @returns false when the event was stored before. */
  execute(event: PspWebhookBody): Promise<boolean> {
    const { id, type, data } = event;
    return this.uow.run(async (tx) => {
      if (!(await tx.webhooks.insert({ id, type, reference: data.reference, body: event }))) return false;
      await tx.operations.makeDueNow(data.reference);
      return true;
    });
  }
}
