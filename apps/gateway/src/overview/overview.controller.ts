import { id, orderView, paymentView, scopes, userView, type OrderOverview } from '@causeway/contracts';
import { RequireScope } from '@causeway/auth';
import { CodedError, errorCodes } from '@causeway/errors';
import { ZodParams } from '@causeway/service-host';
import { Controller, Get, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Upstream } from '../upstream/upstream.js';

const params = z.object({ orderId: id });
const customerView = userView.pick({ id: true, displayName: true, email: true });

type Part<T> =
  | { readonly available: true; readonly data: T }
  | { readonly available: false; readonly code: string; readonly detail: string };

/** `GET /v1/orders/{orderId}/overview`: one answer from three services. What does not answer is left out, and says why. */
@Controller()
export class OverviewController {
  constructor(private readonly upstream: Upstream) {}

  @Get('/v1/orders/:orderId/overview')
  @RequireScope(scopes.orders)
  async read(
    @ZodParams(params) { orderId }: z.infer<typeof params>,
    @Req() request: FastifyRequest,
  ): Promise<OrderOverview> {
    const { authorization } = request.headers;
    const customer = part(this.upstream.read('user', '/v1/users/me', customerView, authorization));
    const order = await part(
      this.upstream.read('order', `/v1/orders/${orderId}`, orderView, authorization),
      isOurFault,
    );
    const payment = order.available
      ? await part(this.upstream.read('payment', `/v1/payments/${order.data.paymentId}`, paymentView, authorization))
      : { available: false as const, code: order.code, detail: 'the order is needed to find its payment' };
    return { order, payment, customer: await customer };
  }
}

/** Turns a failure into a missing part, if `tolerable` says so; without an order of that id there is nothing to compose. */
async function part<T>(read: Promise<T>, tolerable: (error: CodedError) => boolean = () => true): Promise<Part<T>> {
  try {
    return { available: true, data: await read };
  } catch (error) {
    if (!(error instanceof CodedError) || !tolerable(error)) throw error;
    return { available: false, code: error.code, detail: error.message };
  }
}

const isOurFault = ({ code }: CodedError): boolean => errorCodes[code].status >= 500;
