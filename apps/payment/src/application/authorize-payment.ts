import type { authorizePayment, DataOf } from '@causeway/contracts';
import type { Delivery } from '@causeway/persistence';
import { authorize, authorizeAgain } from '../domain/commands.js';
import type { OpenCardToken, PaymentUnitOfWork } from './ports.js';
import { saveChange } from './save-change.js';

/** Stores the authorization of a card. The operation worker calls the provider after the commit. */
export class AuthorizePayment {
  constructor(
    private readonly uow: PaymentUnitOfWork,
    private readonly openCardToken: OpenCardToken,
    private readonly now: () => Date,
  ) {}

  /**
   * @throws PaymentTermsDiffer when the payment exists with other terms; SealedKeyUnknown or SealedValueInvalid when the
   *   card token is not for this payment: a dead letter now, rather than an operation that can never be sent.
   */
  async execute(command: DataOf<typeof authorizePayment>, delivery: Delivery): Promise<void> {
    const { paymentId, orderId, customerId, amountMinor, currency, sealedCardToken } = command;
    await this.openCardToken(sealedCardToken, paymentId);
    const terms = { customerId, amountMinor, currency };
    await this.uow.runOnce(delivery, async (tx) => {
      const now = this.now();
      const first = authorize({ id: paymentId, orderId, terms, now });
      if (await tx.payments.insert(first.payment))
        return saveChange(tx, first, { before: undefined, now, sealedCardToken });
      const before = await tx.payments.forUpdate(paymentId);
      if (before) await saveChange(tx, authorizeAgain(before, orderId, terms, now), { before, now });
    });
  }
}
