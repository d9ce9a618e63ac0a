import type { DataOf, refundPayment } from '@causeway/contracts';
import type { Delivery } from '@causeway/persistence';
import { ofOrder, refund } from '../domain/commands.js';
import { PaymentUnknown } from '../domain/payment.errors.js';
import type { PaymentUnitOfWork } from './ports.js';
import { saveChange } from './save-change.js';

/** Stores a refund of captured money. */
export class RefundPayment {
  constructor(
    private readonly uow: PaymentUnitOfWork,
    private readonly now: () => Date,
  ) {}

  /**
   * @throws PaymentUnknown; PaymentTermsDiffer when the payment belongs to another order; PaymentTransitionIllegal when
   * nothing was captured; RefundTooLarge; RefundTermsDiffer; PaymentBusy.
   */
  async execute(command: DataOf<typeof refundPayment>, delivery: Delivery): Promise<void> {
    await this.uow.runOnce(delivery, async (tx) => {
      const now = this.now();
      const before = await tx.payments.forUpdate(command.paymentId);
      if (!before) throw new PaymentUnknown(command.paymentId);
      await saveChange(tx, refund(ofOrder(before, command.orderId), command, now), { before, now });
    });
  }
}
