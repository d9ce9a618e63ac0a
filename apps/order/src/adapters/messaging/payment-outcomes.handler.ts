import {
  paymentAuthorized,
  paymentCaptured,
  paymentCaptureFailed,
  paymentDeclined,
  paymentRefunded,
  paymentVoided,
  type DataOf,
} from '@causeway/contracts';
import { Handles, type Message } from '@causeway/messaging';
import { Controller } from '@nestjs/common';
import { ApplyPaymentOutcome } from '../../application/apply-payment-outcome.js';

type Told<M> = Message<DataOf<M>>;

/** What the payment service tells, one handler each: translate and delegate. */
@Controller()
export class PaymentOutcomesHandler {
  constructor(private readonly apply: ApplyPaymentOutcome) {}

  @Handles(paymentAuthorized)
  async authorized({ delivery, data }: Told<typeof paymentAuthorized>): Promise<void> {
    await this.apply.execute(delivery, data.orderId, { kind: 'authorized', ...data });
  }

  @Handles(paymentDeclined)
  async declined({ delivery, data }: Told<typeof paymentDeclined>): Promise<void> {
    await this.apply.execute(delivery, data.orderId, { kind: 'declined', ...data });
  }

  @Handles(paymentCaptured)
  async captured({ delivery, data }: Told<typeof paymentCaptured>): Promise<void> {
    await this.apply.execute(delivery, data.orderId, { kind: 'captured', ...data });
  }

  @Handles(paymentCaptureFailed)
  async captureFailed({ delivery, data }: Told<typeof paymentCaptureFailed>): Promise<void> {
    await this.apply.execute(delivery, data.orderId, { kind: 'captureFailed', ...data });
  }

  @Handles(paymentVoided)
  async voided({ delivery, data }: Told<typeof paymentVoided>): Promise<void> {
    await this.apply.execute(delivery, data.orderId, { kind: 'voided', ...data });
  }

  @Handles(paymentRefunded)
  async refunded({ delivery, data }: Told<typeof paymentRefunded>): Promise<void> {
    await this.apply.execute(delivery, data.orderId, { kind: 'refunded', ...data });
  }
}
