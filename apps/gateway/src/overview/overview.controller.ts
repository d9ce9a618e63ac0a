import { RequireScope } from '@causeway/auth';
import { id, orderView, paymentView, scopes, userView, type OrderOverview } from '@causeway/contracts';
import { CodedError, errorCodes } from '@causeway/errors';
import { currentDeadline } from '@causeway/resilience';
import { ZodParams } from '@causeway/service-host';
import { getLogger } from '@causeway/telemetry';
import { Controller, Get, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Upstream } from '../upstream/upstream.js';

const params = z.object({ orderId: id });
const customerView = userView.pick({ id: true, displayName: true, email: true });

type Missing = { readonly available: false; readonly code: string; readonly detail: string };
type Part<T> = { readonly available: true; readonly data: T } | Missing;

/** Kept of the deadline for the answer itself, milliseconds: a part that takes all of it is missing, instead of everything. */
const reserveMs = 100;
const logger = getLogger('overview');

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
    const [orderAndPayment, customer] = await Promise.all([
      this.orderAndPayment(orderId, authorization),
      part(() => this.upstream.read({ ...me, authorization, timeoutMs: limitMs() })),
    ]);
    return { ...orderAndPayment, customer };
  }

  /** One after the other: the order names its payment. */
  private async orderAndPayment(
    orderId: string,
    authorization: string | undefined,
  ): Promise<Pick<OrderOverview, 'order' | 'payment'>> {
    const order = await part(
      () => this.upstream.read({ ...orderOf(orderId), authorization, timeoutMs: limitMs() }),
      isOurFault,
    );
    if (!order.available) return { order, payment: { ...order, detail: 'the order is needed to find its payment' } };
    const payment = await part(() =>
      this.upstream.read({ ...paymentOf(order.data.paymentId), authorization, timeoutMs: limitMs() }),
    );
    return { order, payment };
  }
}

const me = { service: 'user', path: '/v1/users/me', route: '/v1/users/me', schema: customerView };
const orderOf = (orderId: string) => ({
  service: 'order',
  path: `/v1/orders/${orderId}`,
  route: '/v1/orders/{orderId}',
  schema: orderView,
});
const paymentOf = (paymentId: string) => ({
  service: 'payment',
  path: `/v1/payments/${paymentId}`,
  route: '/v1/payments/{paymentId}',
  schema: paymentView,
});

const limitMs = (): number | undefined => {
  const deadline = currentDeadline();
  return deadline && Math.max(1, deadline.remainingMs() - reserveMs);
};

/**
 * Turns a failure into a missing part, if `tolerable` says so; without an order of that id there is nothing to compose. Unless it says no it never
 * rejects: nobody may be waiting yet, and a rejection that nobody waits for ends the process.
 */
async function part<T>(read: () => Promise<T>, tolerable: (error: unknown) => boolean = () => true): Promise<Part<T>> {
  try {
    return { available: true, data: await read() };
  } catch (error) {
    if (!tolerable(error)) throw error;
    if (error instanceof CodedError) return { available: false, code: error.code, detail: error.message };
    logger.error({ err: error }, 'a part of an overview failed unexpectedly');
    return { available: false, code: 'INTERNAL', detail: 'something went wrong on our side' };
  }
}

const isOurFault = (error: unknown): boolean => !(error instanceof CodedError) || errorCodes[error.code].status >= 500;
