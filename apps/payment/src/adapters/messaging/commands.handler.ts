import { authorizePayment, capturePayment, refundPayment, voidPayment, type DataOf } from '@causeway/contracts';
import { Handles, type Message } from '@causeway/messaging';
import { Controller } from '@nestjs/common';
import { AuthorizePayment } from '../../application/authorize-payment.js';
import { CapturePayment } from '../../application/capture-payment.js';
import { RefundPayment } from '../../application/refund-payment.js';
import { VoidPayment } from '../../application/void-payment.js';

/**
 * Handles the commands of the order service. Each is acknowledged once its operation is committed; the worker calls the
 * provider afterwards.
 */
@Controller()
export class CommandsHandler {
  constructor(
    private readonly authorizes: AuthorizePayment,
    private readonly captures: CapturePayment,
    private readonly voids: VoidPayment,
    private readonly refunds: RefundPayment,
  ) {}

  @Handles(authorizePayment)
  authorize({ data, delivery }: Message<DataOf<typeof authorizePayment>>): Promise<void> {
    return this.authorizes.execute(data, delivery);
  }

  @Handles(capturePayment)
  capture({ data, delivery }: Message<DataOf<typeof capturePayment>>): Promise<void> {
    return this.captures.execute(data, delivery);
  }

  @Handles(voidPayment)
  void({ data, delivery }: Message<DataOf<typeof voidPayment>>): Promise<void> {
    return this.voids.execute(data, delivery);
  }

  @Handles(refundPayment)
  refund({ data, delivery }: Message<DataOf<typeof refundPayment>>): Promise<void> {
    return this.refunds.execute(data, delivery);
  }
}
