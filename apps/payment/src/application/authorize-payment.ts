import type { authorizePayment, DataOf } from '@causeway/contracts';
import type { Delivery } from '@causeway/persistence';
import { authorize, authorizeAgain } from '../domain/commands.js';
import type { Clock, PaymentUnitOfWork } from './ports.js';
import { saveChange } from './save-change.js';

/** Records that a card is to be charged. The provider is asked after the commit, by the operation worker. */
export class AuthorizePayment {
  constructor(
    private readonly uow: PaymentUnitOfWork,
    private readonly now: Clock,
  ) {}

  /** @throws PaymentTermsDiffer when the payment id was used with other terms. */
  async execute(command: DataOf<typeof authorizePayment>, delivery: Delivery): Promise<void> {
    const { paymentId, orderId, customerId, amountMinor, currency, paymentMethodToken } = command;
    const terms = { customerId, amountMinor, currency };
    await this.uow.runOnce(delivery, async (tx) => {
      const now = this.now();
      let before = await tx.payments.forUpdate(paymentId);
      if (!before) {
        const first = authorize({ id: paymentId, orderId, terms, now });
        if (await tx.payments.insert(first.payment)) return saveChange(tx, first, { before, now, paymentMethodToken });
        before = await tx.payments.forUpdate(paymentId);
      }
      if (before) await saveChange(tx, authorizeAgain(before, orderId, terms, now), { before, now });
    });
  }
}
