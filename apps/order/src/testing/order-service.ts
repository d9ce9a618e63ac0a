import { randomBytes, randomUUID } from 'node:crypto';
import { TestIssuer } from '@causeway/auth/testing';
import { loadSettings } from '@causeway/config';
import { getAddress, scopes, type DataOf, type Envelope, type MessageDefinition } from '@causeway/contracts';
import { expectDeclaredResponses } from '@causeway/contracts/testing';
import { buildEnvelope } from '@causeway/messaging';
import { sealedKeyPair } from '@causeway/messaging/testing';
import { createApp } from '@causeway/service-host';
import { createDatabase, startNats, type TestDatabase, type TestNats } from '@causeway/testkit';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { migrations } from '../migrations.js';
import { service } from '../service.js';
import { address } from './fixtures.js';

expectDeclaredResponses();

export const knownAddress = '0193b000-0000-7000-8000-000000000001';

export interface ServiceResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export interface Customer {
  readonly id: string;
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ServiceResponse>;
  /** POST with a new Idempotency-Key, unless one is given. */
  post(path: string, body: unknown, key?: string): Promise<ServiceResponse>;
}

/**
 * The real service, with a database, a broker and an identity provider of its own; user and payment are played by the
 * test.
 */
export class OrderService {
  private readonly seen: Envelope[] = [];
  private user: Subscription | undefined;

  private constructor(
    readonly app: NestFastifyApplication,
    readonly database: TestDatabase,
    readonly nats: TestNats,
    private readonly nc: NatsConnection,
    private readonly issuer: TestIssuer,
    private readonly origin: string,
  ) {
    for (const subject of ['order.evt.>', 'payment.cmd.>']) {
      nc.subscribe(subject, { callback: (_, message) => void this.seen.push(message.json<Envelope>()) });
    }
    this.setUserDown(false);
  }

  static async start(overrides: Record<string, string> = {}): Promise<OrderService> {
    const [database, nats, issuer] = await Promise.all([
      createDatabase({ migrations }),
      startNats(),
      TestIssuer.start(),
    ]);
    const env = {
      HTTP_PORT: '0',
      MANAGEMENT_PORT: '0',
      LOG_LEVEL: 'silent',
      REQUEST_DEADLINE_MS: '10000',
      DATABASE_URL: database.url,
      NATS_URL: nats.url,
      DISCOVERY_MODE: 'nats',
      FIELD_KEYS: `v1:${randomBytes(32).toString('base64')}`,
      BLIND_INDEX_KEY: randomBytes(32).toString('hex'),
      CURSOR_SECRET: randomBytes(32).toString('hex'),
      CARD_SEALING_KEY: sealedKeyPair().sealingKeys,
      ...issuer.settings,
      ...overrides,
    };
    const settings = loadSettings(service.settings, env);
    const app = await createApp(service, settings);
    await app.listen(0, '127.0.0.1');
    await app.startAllMicroservices();
    const nc = await connect({ servers: nats.url });
    return new OrderService(app, database, nats, nc, issuer, await app.getUrl());
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.nc.close();
    await this.issuer.close();
    await Promise.all([this.database.drop(), this.nats.stop()]);
  }

  /** Plays the user service, which knows one address for all customers. While down, it does not reply. */
  setUserDown(down: boolean): void {
    if (down) this.user?.unsubscribe();
    else
      this.user = this.nc.subscribe(getAddress.subject, {
        callback: (_, request) => void request.respond(answer(request.json())),
      });
  }

  customer(id: string = randomUUID(), ...granted: string[]): Customer {
    const token = this.issuer.sign(id, { scopes: granted.length > 0 ? granted : [scopes.orders] });
    const send: Customer['send'] = async (method, path, body, headers) =>
      this.send(method, path, body, { authorization: `Bearer ${await token}`, ...headers });
    return { id, send, post: (path, body, key = randomUUID()) => send('POST', path, body, { 'idempotency-key': key }) };
  }

  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<ServiceResponse> {
    const response = await fetch(this.origin + path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text ? (JSON.parse(text) as ServiceResponse['body']) : {},
    };
  }

  /** What the payment service would publish. */
  async publishAsPayment<M extends MessageDefinition>(definition: M, data: DataOf<M>, id?: string): Promise<void> {
    const { paymentId } = data as { paymentId: string };
    const envelope = buildEnvelope(definition, { source: 'payment', aggregateId: paymentId, data, ...(id && { id }) });
    await jetstream(this.nc).publish(definition.subject, JSON.stringify(envelope));
  }

  /** What the user service would publish. */
  async publishAsUser<M extends MessageDefinition>(definition: M, data: DataOf<M>, id: string): Promise<void> {
    const { userId } = data as { userId: string };
    const envelope = buildEnvelope(definition, { source: 'user', aggregateId: userId, data, id });
    await jetstream(this.nc).publish(definition.subject, JSON.stringify(envelope));
  }

  /** Waits until something is true. */
  async until(look: () => Promise<boolean>): Promise<void> {
    await eventually(async () => (await look()) || undefined);
  }

  /** Waits until a message about an order or payment has left the service. */
  published(subject: string, aggregateId: string, otherThanId?: string): Promise<Envelope> {
    return eventually(async () =>
      this.seen.find(({ type, subject: about, id }) => type === subject && about === aggregateId && id !== otherThanId),
    );
  }

  /** Waits for the last dead letter of a consumer. */
  deadLetter(durable: string): Promise<Envelope> {
    return eventually(async () => {
      const manager = await jetstreamManager(this.nc);
      const letter = await manager.streams.getMessage('DLQ', { last_by_subj: `dlq.${durable}` });
      return letter?.json<Envelope>();
    });
  }

  /** Waits until the order has a status. */
  async becomes(customer: Customer, orderId: string, status: string): Promise<ServiceResponse['body']> {
    return eventually(async () => {
      const { body } = await customer.send('GET', `/v1/orders/${orderId}`);
      return body['status'] === status ? body : undefined;
    });
  }
}

const answer = ({ addressId }: { addressId: string }): string =>
  JSON.stringify(addressId === knownAddress ? { found: true, address } : { found: false });

async function eventually<T>(look: () => Promise<T | undefined>, withinMs = 10_000): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`not seen within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
