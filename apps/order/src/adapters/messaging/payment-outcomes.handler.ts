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

type OutcomeMessage<M> = Message<DataOf<M>>;

/** Handles the events of the payment service: each method translates one and delegates. */
@Controller()
export class PaymentOutcomesHandler {
  constructor(private readonly apply: ApplyPaymentOutcome) {}

  @Handles(paymentAuthorized)
  async authorized({ delivery, data }: OutcomeMessage<typeof paymentAuthorized>): Promise<void> {
    await this.apply.execute(delivery, data.orderId, { kind: 'authorized', ...data });
  }

  @Handles(paymentDeclined)
  async declined({ delivery, data }: OutcomeMessage<typeof paymentDeclined>): Promise<void> {
    await this.apply.execute(delivery, data.orderId, { kind: 'declined', ...data });
  }

  @Handles(paymentCaptured)
  async captured({ delivery, data }: OutcomeMessage<typeof paymentCaptured>): Promise<void> {
    await this.apply.execute(delivery, data.orderId, { kind: 'captured', ...data });
  }

  @Handles(paymentCaptureFailed)
  async captureFailed({ delivery, data }: OutcomeMessage<typeof paymentCaptureFailed>): Promise<void> {
    await this.apply.execute(delivery, data.orderId, { kind: 'captureFailed', ...data });
  }

  @Handles(paymentVoided)
  async voided({ delivery, data }: OutcomeMessage<typeof paymentVoided>): Promise<void> {
    await this.apply.execute(delivery, data.orderId, { kind: 'voided', ...data });
  }

  @Handles(paymentRefunded)
  async refunded({ delivery, data }: OutcomeMessage<typeof paymentRefunded>): Promise<void> {
    await this.apply.execute(delivery, data.orderId, { kind: 'refunded', ...data });
  }
}
