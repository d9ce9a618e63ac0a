import { CurrentUser, RequireScope, type Principal } from '@causeway/auth';
import { id, scopes, type PaymentView } from '@causeway/contracts';
import { ZodParams } from '@causeway/service-host';
import { noteIds } from '@causeway/telemetry';
import { Controller, Get } from '@nestjs/common';
import { z } from 'zod';
import { ReadPayment } from '../../application/read-payment.js';

@Controller('v1/payments')
export class PaymentsController {
  constructor(private readonly read: ReadPayment) {}

  @Get(':id')
  @RequireScope(scopes.payments)
  async one(@ZodParams(z.object({ id })) params: { id: string }, @CurrentUser() user: Principal): Promise<PaymentView> {
    const payment = await this.read.execute(params.id, user.subject);
    noteIds({ orderId: payment.orderId });
    return payment;
  }
}
