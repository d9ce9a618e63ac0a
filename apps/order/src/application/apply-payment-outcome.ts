import type { Message } from '@causeway/messaging';
import { alreadyHandled } from '@causeway/persistence';
import { OrderUnknown } from '../domain/order.errors.js';
import { applyOutcome, type PaymentOutcome } from '../domain/order.js';
import { countOrder, reachedBy } from './order-counter.js';
import type { Clock, OrderUnitOfWork } from './ports.js';
import { saveChange } from './save-change.js';

/** Advances the saga by an outcome that the payment service reports. */
export class ApplyPaymentOutcome {
  constructor(
    private readonly uow: OrderUnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * @param message The message that reports it; a second delivery changes nothing.
   * @throws OrderUnknown, PaymentMismatch, OrderTransitionIllegal. No retry can help, so the message becomes a dead
   *   letter.
   */
  async execute(
    { delivery, subject }: Pick<Message, 'delivery' | 'subject'>,
    orderId: string,
    outcome: PaymentOutcome,
  ): Promise<void> {
    const cause = { kind: 'message', name: subject, id: delivery.messageId } as const;
    const reached = await this.uow.runOnce(delivery, async (tx) => {
      const before = await tx.orders.forUpdate(orderId);
      if (!before) throw new OrderUnknown(orderId);
      const after = applyOutcome(before, outcome);
      if (after !== before) await saveChange(tx, { before, after, cause }, this.clock());
      return reachedBy(before, after);
    });
    if (reached !== alreadyHandled) countOrder(orderId, reached, outcome.kind);
  }
}
