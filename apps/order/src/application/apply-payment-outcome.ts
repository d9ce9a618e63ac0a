import type { Delivery } from '@causeway/persistence';
import { OrderUnknown } from '../domain/order.errors.js';
import { applyOutcome, type PaymentOutcome } from '../domain/order.js';
import type { Clock, OrderUnitOfWork } from './ports.js';
import { saveChange } from './save-change.js';

/** Moves the saga on by what the payment service told. */
export class ApplyPaymentOutcome {
  constructor(
    private readonly uow: OrderUnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * @param delivery The message: its second delivery changes nothing.
   * @throws OrderUnknown, PaymentMismatch, OrderTransitionIllegal: none is cured by a retry, so the message goes to the dead letters.
   */
  async execute(delivery: Delivery, orderId: string, outcome: PaymentOutcome): Promise<void> {
    await this.uow.runOnce(delivery, async (tx) => {
      const before = await tx.orders.forUpdate(orderId);
      if (!before) throw new OrderUnknown(orderId);
      const after = applyOutcome(before, outcome);
      if (after !== before) await saveChange(tx, before, after, this.clock());
    });
  }
}
