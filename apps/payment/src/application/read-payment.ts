import type { PaymentView } from '@causeway/contracts';
import { NotFound } from '@causeway/errors';

/** Reads payments for customers, without locks. */
export interface PaymentReader {
  /** @returns undefined when the payment does not exist or belongs to another customer. */
  find(id: string, customerId: string): Promise<PaymentView | undefined>;
}

export class ReadPayment {
  constructor(private readonly reader: PaymentReader) {}

  /** @throws NotFound, also for another customer's payment: even its existence is private. */
  async execute(id: string, customerId: string): Promise<PaymentView> {
    const payment = await this.reader.find(id, customerId);
    if (!payment) throw new NotFound(`payment ${id}`);
    return payment;
  }
}
