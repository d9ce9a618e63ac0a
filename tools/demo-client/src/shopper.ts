import { randomBytes } from 'node:crypto';
import type { OrderView, Page, PaymentView, PlaceOrderBody, ProductView } from '@causeway/contracts';
import { Customer, expectStatus, type ApiResponse, type Endpoints } from './customer.js';

/** A customer who orders. */
export class Shopper extends Customer {
  /** The same person, signed in as before. */
  static of({ endpoints, email, password, accessToken }: Customer): Shopper {
    return new Shopper(endpoints, email, password, accessToken);
  }

  static override async signIn(endpoints: Endpoints, email: string, password: string): Promise<Shopper> {
    return Shopper.of(await Customer.signIn(endpoints, email, password));
  }

  static override async create(endpoints: Endpoints, displayName?: string): Promise<Shopper> {
    return Shopper.of(await Customer.create(endpoints, displayName));
  }

  async products(): Promise<readonly ProductView[]> {
    return expectStatus('GET /v1/products', await this.call<Page<ProductView>>('/v1/products?limit=100'), 200).body
      .items;
  }

  /** Places an order. The response is 202 with the new order, or a problem. */
  placeOrder(
    body: PlaceOrderBody,
    idempotencyKey = randomBytes(16).toString('hex'),
    signal?: AbortSignal,
  ): Promise<ApiResponse<OrderView>> {
    const headers = { 'idempotency-key': idempotencyKey };
    return this.call<OrderView>('/v1/orders', { method: 'POST', body, headers, signal });
  }

  async order(id: string): Promise<OrderView> {
    return expectStatus('GET /v1/orders/{id}', await this.call<OrderView>(`/v1/orders/${id}`), 200).body;
  }

  async payment(id: string): Promise<PaymentView> {
    return expectStatus('GET /v1/payments/{id}', await this.call<PaymentView>(`/v1/payments/${id}`), 200).body;
  }

  /**
   * Reads the order every 40 ms until it has one of the states.
   * @throws after `withinMs` milliseconds, default 30 000.
   */
  async waitFor(id: string, states: readonly OrderView['status'][], withinMs = 30_000): Promise<OrderView> {
    const limitAt = performance.now() + withinMs;
    for (;;) {
      const order = await this.order(id);
      if (states.includes(order.status)) return order;
      if (performance.now() > limitAt)
        throw new Error(
          `order ${id} is still ${order.status} after ${withinMs / 1000} s, expected ${states.join(' or ')}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  }
}
