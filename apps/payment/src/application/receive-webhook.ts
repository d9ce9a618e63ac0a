import type { PspWebhookBody } from '@causeway/contracts';
import type { PaymentUnitOfWork } from './ports.js';

/**
 * Stores an event of the provider and takes it as a hint. Webhooks come twice, late and in the wrong order, so nothing is believed:
 * where an operation is UNKNOWN the provider is read now instead of later, and that reading decides.
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
