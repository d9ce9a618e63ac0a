import { CurrentUser, RequireOneScope, type Principal } from '@causeway/auth';
import { id, paymentView, scopes, userView, type OrderOverview } from '@causeway/contracts';
import { CodedError, errorCodes } from '@causeway/errors';
import { currentDeadline } from '@causeway/resilience';
import { ZodParams } from '@causeway/service-host';
import { about, getLogger } from '@causeway/telemetry';
import { Controller, Get, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { historyOf, orderOf } from '../upstream/order-resources.js';
import { Upstream, type Resource } from '../upstream/upstream.js';

const params = z.object({ orderId: id });
const customerView = userView.pick({ id: true, displayName: true, email: true });

type Missing = { readonly available: false; readonly code: string; readonly detail: string };
type Part<T> = { readonly available: true; readonly data: T } | Missing;

/**
 * Kept of the deadline for the response itself, milliseconds: a part that takes all of it is missing, instead of
 * everything.
 */
const reserveMs = 100;
const log = getLogger('overview');

/** What every part of one overview is read with. */
type Caller = Pick<FastifyRequest, 'headers' | 'signal'>;

/**
 * `GET /v1/orders/{orderId}/overview`: one response from three services. A part whose service fails is missing, and
 * says why.
 */
@Controller()
export class OverviewController {
  constructor(private readonly upstream: Upstream) {}

  @Get('/v1/orders/:orderId/overview')
  @RequireOneScope(scopes.orders, scopes.ordersReadAny)
  async read(
    @ZodParams(params) { orderId }: z.infer<typeof params>,
    @CurrentUser() { scopes: granted }: Principal,
    @Req() request: FastifyRequest,
  ): Promise<OrderOverview> {
    return about({ orderId }, async () => {
      // Customers read their own profile. Support reads that of the customer, whom only the order names.
      const ownProfile = granted.has(scopes.ordersReadAny) ? undefined : this.part(me, request);
      const [rest, history] = await Promise.all([
        this.orderAndRest(orderId, request, ownProfile),
        this.part(historyOf(orderId), request),
      ]);
      return { ...rest, history };
    });
  }

  /** One after the other: the order names its payment, and its customer. */
  private async orderAndRest(
    orderId: string,
    caller: Caller,
    ownProfile: Promise<OrderOverview['customer']> | undefined,
  ): Promise<Omit<OrderOverview, 'history'>> {
    const order = await this.part(orderOf(orderId), caller, isOurFault);
    if (!order.available) {
      const missing = (what: string): Missing => ({ ...order, detail: `the order is needed to find its ${what}` });
      return { order, payment: missing('payment'), customer: (await ownProfile) ?? missing('customer') };
    }
    const { paymentId, customerId = '' } = order.data;
    const [payment, customer] = await Promise.all([
      this.part(paymentOf(paymentId), caller),
      ownProfile ?? this.part(userOf(customerId), caller),
    ]);
    return { order, payment, customer };
  }

  /**
   * Reads a part, and turns a failure into a missing part where `tolerable` allows it: without an order of that id
   * there is nothing to compose. Otherwise it never rejects: the parts are read side by side, and a rejection that is
   * not awaited yet would end the process.
   */
  private async part<T>(
    resource: Pick<Resource<T>, 'service' | 'path' | 'route' | 'schema'>,
    { headers: { authorization }, signal }: Caller,
    tolerable: (error: unknown) => boolean = () => true,
  ): Promise<Part<T>> {
    try {
      const data = await this.upstream.read({ ...resource, authorization, signal, timeoutMs: timeLeftMs() });
      return { available: true, data };
    } catch (error) {
      if (!tolerable(error)) throw error;
      if (error instanceof CodedError) return { available: false, code: error.code, detail: error.message };
      // A client that has left sees none of this.
      if (!signal.aborted) log.error({ err: error }, 'a part of an overview failed unexpectedly');
      return { available: false, code: 'INTERNAL', detail: 'something went wrong on our side' };
    }
  }
}

const me = { service: 'user', path: '/v1/users/me', route: '/v1/users/me', schema: customerView };
const userOf = (userId: string) => ({
  service: 'user',
  path: `/v1/users/${userId}`,
  route: '/v1/users/{userId}',
  schema: customerView,
});
const paymentOf = (paymentId: string) => ({
  service: 'payment',
  path: `/v1/payments/${paymentId}`,
  route: '/v1/payments/{paymentId}',
  schema: paymentView,
});

const timeLeftMs = (): number | undefined => {
  const deadline = currentDeadline();
  return deadline && Math.max(1, deadline.remainingMs() - reserveMs);
};

const isOurFault = (error: unknown): boolean => !(error instanceof CodedError) || errorCodes[error.code].status >= 500;
