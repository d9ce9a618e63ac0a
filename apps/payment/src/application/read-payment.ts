import type { PaymentView } from '@causeway/contracts';
import { NotFound } from '@causeway/errors';

/** Reads payments for people; no locks. */
export interface PaymentReader {
  /** @returns undefined when the payment is not there, or not this customer's. */
  find(id: string, customerId: string): Promise<PaymentView | undefined>;
}

export class ReadPayment {
  constructor(private readonly reader: PaymentReader) {}

  /** @throws NotFound also for somebody else's payment: its existence is nobody's business. */
  async execute(id: string, customerId: string): Promise<PaymentView> {
    const payment = await this.reader.find(id, customerId);
    if (!payment) throw new NotFound(`payment ${id}`);
    return payment;
  }
}
