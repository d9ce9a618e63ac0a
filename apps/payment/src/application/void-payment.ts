import type { DataOf, voidPayment } from '@causeway/contracts';
import type { Delivery } from '@causeway/persistence';
import { ofOrder, requestVoid, voidBeforeAuthorization } from '../domain/commands.js';
import type { PaymentUnitOfWork } from './ports.js';
import { saveChange } from './save-change.js';

/** Voids a payment in any state. If its authorization has not arrived yet, stores a void marker that blocks it. */
export class VoidPayment {
  constructor(
    private readonly uow: PaymentUnitOfWork,
    private readonly now: () => Date,
  ) {}

  /** @throws PaymentTermsDiffer when the payment belongs to another order. */
  async execute({ paymentId, orderId, reason }: DataOf<typeof voidPayment>, delivery: Delivery): Promise<void> {
    await this.uow.runOnce(delivery, async (tx) => {
      const now = this.now();
      let before = await tx.payments.forUpdate(paymentId);
      if (!before) {
        const marker = voidBeforeAuthorization({ id: paymentId, orderId, reason, now });
        if (await tx.payments.insert(marker.payment)) return saveChange(tx, marker, { before, now });
        before = await tx.payments.forUpdate(paymentId);
      }
      if (!before) return;
      ofOrder(before, orderId);
      const sent = before.status !== 'AUTHORIZING' || (await tx.operations.mayBeSent(paymentId));
      await saveChange(tx, requestVoid(before, reason, sent, now), { before, now });
    });
  }
}
