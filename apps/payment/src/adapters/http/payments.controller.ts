import { CurrentUser, reachOf, RequireOneScope, type Principal } from '@causeway/auth';
import { id, scopes, type PaymentView } from '@causeway/contracts';
import { ZodParams } from '@causeway/service-host';
import { noteIds } from '@causeway/telemetry';
import { Controller, Get } from '@nestjs/common';
import { z } from 'zod';
import { ReadPayment } from '../../application/read-payment.js';

@Controller('v1/payments')
export class PaymentsController {
  constructor(private readonly read: ReadPayment) {}

  @Get(':paymentId')
  @RequireOneScope(scopes.payments, scopes.paymentsReadAny)
  async one(
    @ZodParams(z.object({ paymentId: id })) params: { paymentId: string },
    @CurrentUser() user: Principal,
  ): Promise<PaymentView> {
    const payment = await this.read.execute(params.paymentId, reachOf(user, scopes.paymentsReadAny));
    noteIds({ orderId: payment.orderId });
    return payment;
  }
}
