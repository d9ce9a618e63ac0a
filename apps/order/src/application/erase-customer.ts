import type { Delivery } from '@causeway/persistence';
import type { OrderUnitOfWork } from './ports.js';

/**
 * A customer has left: their orders stay, without what tells who it was. Orders that wait for their payment go on, and are
 * forgotten when they end.
 */
export class EraseCustomer {
  constructor(private readonly uow: OrderUnitOfWork) {}

  async execute(customerId: string, erasedAt: string, delivery: Delivery): Promise<void> {
    await this.uow.runOnce(delivery, (tx) => tx.orders.forget(customerId, erasedAt));
  }
}
