import { randomUUID } from 'node:crypto';
import {
  orderConfirmed,
  type OrderHistory,
  type OrderView,
  type PaymentView,
  type UserView,
} from '@causeway/contracts';
import { buildEnvelope } from '@causeway/messaging';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { respond, type StubService } from './stub-service.js';
import { World } from './world.js';

/** The gateway in front of a shop: `user`, `payment`, and `order` with two instances. */
export class ShopWorld extends World {
  protected override readonly plays = { user: 1, payment: 1, order: 2 };
  private publisher!: NatsConnection;

  static override async start(overrides: Record<string, string> = {}): Promise<ShopWorld> {
    const world = await new ShopWorld().begin(overrides);
    world.publisher = await connect({ servers: world.nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
    return world;
  }

  override async end(): Promise<void> {
    await this.publisher.close();
    await super.end();
  }

  get user(): StubService {
    return this.services['user']![0]!;
  }

  set user(stub: StubService) {
    this.services['user'] = [stub];
  }

  get payment(): StubService {
    return this.services['payment']![0]!;
  }

  /** Sets the handler of both instances of order. */
  onOrder(handler: StubService['handler']): void {
    for (const stub of this.services['order']!) stub.handler = handler;
  }

  get orderCalls(): StubService['received'] {
    return this.services['order']!.flatMap(({ received }) => received);
  }

  /** Publishes what the order service would, without its outbox. */
  async confirm(orderId: string, version: number): Promise<void> {
    const data = { orderId, customerId: randomUUID(), version, occurredAt: new Date().toISOString() };
    const envelope = buildEnvelope(orderConfirmed, { source: 'order', aggregateId: orderId, data });
    // After a restart of the broker this connection may come back later than that of the gateway.
    const isBack = () =>
      this.publisher.flush().then(
        () => true,
        () => false,
      );
    while (!(await isBack())) await new Promise((resolve) => setTimeout(resolve, 20));
    this.publisher.publish(orderConfirmed.subject, JSON.stringify(envelope));
    await this.publisher.flush();
  }

  async publish(subject: string, text: string): Promise<void> {
    this.publisher.publish(subject, text);
    await this.publisher.flush();
  }
}

const at = '2026-11-21T10:00:00.000Z';

export const anOrder = (id: string = randomUUID(), version = 1): OrderView => ({
  id,
  status: 'PENDING_PAYMENT',
  currency: 'EUR',
  totalMinor: 1_999,
  lines: [{ productId: randomUUID(), name: 'Lamp', quantity: 1, unitPriceMinor: 1_999 }],
  shippingAddress: { recipient: 'A', line1: 'B', postalCode: '1', city: 'C', country: 'DE' },
  paymentId: randomUUID(),
  reason: null,
  givenReason: null,
  version,
  placedAt: at,
  updatedAt: at,
});
/** The changes of an order that was placed and paid, up to its version. */
export const aHistory = ({ version }: OrderView): OrderHistory => ({
  items: [
    { version: 1, from: null, status: 'PENDING_PAYMENT', step: 'authorize', event: 'order.evt.placed.v1' } as const,
    { version: 2, from: 'PENDING_PAYMENT', status: 'AUTHORIZED', step: 'capture', event: null } as const,
    { version: 3, from: 'AUTHORIZED', status: 'CONFIRMED', step: null, event: orderConfirmed.subject } as const,
  ]
    .slice(0, version)
    .map((change) => ({
      ...change,
      reason: null,
      occurredAt: at,
      cause: { kind: 'message' as const, name: 'a.message', id: randomUUID() },
      traceId: null,
    })),
});
/** Responds with an order, or with its history where that is asked for. */
export const orderAndHistory =
  (order: OrderView, history = aHistory(order)): StubService['handler'] =>
  ({ url }, response) =>
    respond(response, 200, url.endsWith('/history') ? history : order);
export const aPayment = ({ id: orderId, paymentId }: OrderView): PaymentView => ({
  id: paymentId,
  orderId,
  status: 'CAPTURED',
  amountMinor: 1_999,
  currency: 'EUR',
  refundedMinor: 0,
  declineReason: null,
  refunds: [],
  version: 1,
  createdAt: at,
  updatedAt: at,
});
export const aUser = (id: string): UserView => ({
  id,
  email: 'a@example.com',
  emailVerified: true,
  displayName: 'A',
  version: 1,
  createdAt: at,
  updatedAt: at,
});
