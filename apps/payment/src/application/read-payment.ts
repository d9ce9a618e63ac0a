import { reaches, type Reach } from '@causeway/auth';
import type { PaymentView } from '@causeway/contracts';
import { NotFound } from '@causeway/errors';

/** Reads payments without locks, whoever’s they are: `ReadPayment` decides who may see them. */
export interface PaymentReader {
  find(id: string): Promise<{ readonly customerId: string; readonly view: PaymentView } | undefined>;
}

export class ReadPayment {
  constructor(private readonly reader: PaymentReader) {}

  /**
   * The one owner check of payments: people only read them, and what changes them comes from the order service.
   * @throws NotFound, also for another customer’s payment: even its existence is private.
   */
  async execute(id: string, reach: Reach): Promise<PaymentView> {
    const found = await this.reader.find(id);
    if (!found || !reaches(reach, found.customerId)) throw new NotFound(`payment ${id}`);
    return found.view;
  }
}
