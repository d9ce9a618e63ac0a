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
  async authorized({ data, ...message }: OutcomeMessage<typeof paymentAuthorized>): Promise<void> {
    await this.apply.execute(message, data.orderId, { kind: 'authorized', ...data });
  }

  @Handles(paymentDeclined)
  async declined({ data, ...message }: OutcomeMessage<typeof paymentDeclined>): Promise<void> {
    await this.apply.execute(message, data.orderId, { kind: 'declined', ...data });
  }

  @Handles(paymentCaptured)
  async captured({ data, ...message }: OutcomeMessage<typeof paymentCaptured>): Promise<void> {
    await this.apply.execute(message, data.orderId, { kind: 'captured', ...data });
  }

  @Handles(paymentCaptureFailed)
  async captureFailed({ data, ...message }: OutcomeMessage<typeof paymentCaptureFailed>): Promise<void> {
    await this.apply.execute(message, data.orderId, { kind: 'captureFailed', ...data });
  }

  @Handles(paymentVoided)
  async voided({ data, ...message }: OutcomeMessage<typeof paymentVoided>): Promise<void> {
    await this.apply.execute(message, data.orderId, { kind: 'voided', ...data });
  }

  @Handles(paymentRefunded)
  async refunded({ data, ...message }: OutcomeMessage<typeof paymentRefunded>): Promise<void> {
    await this.apply.execute(message, data.orderId, { kind: 'refunded', ...data });
  }
}
