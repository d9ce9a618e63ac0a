import { randomUUID } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestIssuer, type TestToken } from '@causeway/auth/testing';
import { loadSettings } from '@causeway/config';
import { scopes, type OrderHistory, type OrderView, type PaymentView, type UserView } from '@causeway/contracts';
import { buildEnvelope } from '@causeway/messaging';
import { createApp, HostState } from '@causeway/service-host';
import { startNats, type TestNats } from '@causeway/testkit';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { orderConfirmed } from '@causeway/contracts';
import { service } from '../service.js';
import { respond, StubService } from './stub-service.js';

const everything = [scopes.orders, scopes.profile, scopes.payments];

/**
 * The gateway in this process, in front of services that the test plays: `user`, `payment`, and `order` with two
 * instances.
 */
export class World {
  url!: string;
  host!: HostState;
  nats!: TestNats;
  issuer!: TestIssuer;
  user!: StubService;
  payment!: StubService;
  orders!: [StubService, StubService];
  private app!: NestFastifyApplication;
  private publisher!: NatsConnection;

  static async start(overrides: Record<string, string> = {}): Promise<World> {
    const world = new World();
    world.nats = await startNats();
    world.issuer = await TestIssuer.start();
    world.user = await StubService.start();
    world.payment = await StubService.start();
    world.orders = [await StubService.start(), await StubService.start()];
    world.publisher = await connect({ servers: world.nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
    await world.startGateway(overrides);
    return world;
  }

  /** Starts the gateway, or restarts it with fresh breakers, limits and instances. */
  async startGateway(overrides: Record<string, string> = {}): Promise<void> {
    await this.stopGateway();
    const [one, two] = this.orders;
    const values = loadSettings(service.settings, {
      HTTP_PORT: '0',
      MANAGEMENT_PORT: '0',
      LOG_LEVEL: 'fatal',
      NATS_URL: this.nats.url,
      DISCOVERY_MODE: 'static',
      DISCOVERY_STATIC: `user=${this.user.url},payment=${this.payment.url},order=${one.url}|${two.url}`,
      AUTH_ISSUER: this.issuer.settings.AUTH_ISSUER,
      AUTH_JWKS_URL: this.issuer.settings.AUTH_JWKS_URL,
      PUBLIC_URL: 'https://shop.example',
      RATE_LIMIT_PER_MINUTE: '100000',
      RATE_LIMIT_SIGN_IN_PER_MINUTE: '100000',
      ...overrides,
    });
    this.host = new HostState();
    this.app = await createApp(service, values, this.host);
    await this.app.listen(0, '127.0.0.1');
    this.url = await this.app.getUrl();
  }

  async stopGateway(): Promise<void> {
    await (this.app as NestFastifyApplication | undefined)?.close();
  }

  async end(): Promise<void> {
    await this.stopGateway();
    await this.publisher.close();
    for (const stub of [this.user, this.payment, ...this.orders]) await stub.stop();
    await this.issuer.close();
    await this.nats.stop();
  }

  /** Resets the stub services. */
  reset(): void {
    for (const stub of [this.user, this.payment, ...this.orders]) stub.reset();
  }

  /** Sets the handler of both instances of order. */
  onOrder(handler: StubService['handler']): void {
    for (const stub of this.orders) stub.handler = handler;
  }

  get orderCalls(): StubService['received'] {
    return this.orders.flatMap(({ received }) => received);
  }

  async bearer(subject: string = randomUUID(), token: TestToken = {}): Promise<Record<string, string>> {
    return { authorization: `Bearer ${await this.issuer.sign(subject, { scopes: everything, ...token })}` };
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(this.url + path, init);
  }

  /** Sends a request as it is: no added headers, the path untouched. */
  raw(path: string, headers: Record<string, string> = {}, method = 'GET', body?: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(this.url);
      httpRequest({ hostname, port, path, method, headers, agent: false }, resolve).on('error', reject).end(body);
    });
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
  displayName: 'A',
  version: 1,
  createdAt: at,
  updatedAt: at,
});

/** @throws when the condition is not true in time. */
export async function eventually(condition: () => boolean, withinMs = 5_000): Promise<void> {
  for (const until = Date.now() + withinMs; !condition(); await sleep(5))
    if (Date.now() > until) throw new Error(`never came true: ${condition.toString()}`);
}
