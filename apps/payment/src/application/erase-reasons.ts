import type { Delivery } from '@causeway/persistence';
import type { PaymentUnitOfWork } from './ports.js';

/**
 * A customer has left: of their payments, the reasons of voids and refunds may have their words. Everything else is
 * amounts, ids and times, which accounting keeps.
 */
export class EraseReasons {
  constructor(private readonly uow: PaymentUnitOfWork) {}

  async execute(customerId: string, delivery: Delivery): Promise<void> {
    await this.uow.runOnce(delivery, (tx) => tx.payments.forgetReasons(customerId));
  }
}
