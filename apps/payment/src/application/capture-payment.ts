import type { capturePayment, DataOf } from '@causeway/contracts';
import type { Delivery } from '@causeway/persistence';
import { capture, ofOrder } from '../domain/commands.js';
import { PaymentUnknown } from '../domain/payment.errors.js';
import type { PaymentUnitOfWork } from './ports.js';
import { saveChange } from './save-change.js';

/** Stores the capture of an authorized payment. */
export class CapturePayment {
  constructor(
    private readonly uow: PaymentUnitOfWork,
    private readonly now: () => Date,
  ) {}

  /**
   * @throws PaymentUnknown; PaymentTermsDiffer when the payment belongs to another order; PaymentBusy while the
   * authorization has no outcome.
   */
  async execute({ paymentId, orderId }: DataOf<typeof capturePayment>, delivery: Delivery): Promise<void> {
    await this.uow.runOnce(delivery, async (tx) => {
      const now = this.now();
      const before = await tx.payments.forUpdate(paymentId);
      if (!before) throw new PaymentUnknown(paymentId);
      await saveChange(tx, capture(ofOrder(before, orderId), now), { before, now });
    });
  }
}
