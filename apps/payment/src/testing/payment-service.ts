import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TestIssuer } from '@causeway/auth/testing';
import { loadSettings } from '@causeway/config';
import {
  authorizePayment,
  capturePayment,
  refundPayment,
  voidPayment,
  type MessageDefinition,
} from '@causeway/contracts';
import { Outbox } from '@causeway/messaging';
import { migrate, PgUnitOfWork } from '@causeway/persistence';
import { createApp } from '@causeway/service-host';
import { claimPort, createDatabase, startNats, type TestDatabase, type TestNats } from '@causeway/testkit';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { migrations } from '../migrations.js';
import { service } from '../service.js';
import { cardSettings, sealCardToken } from './card-keys.js';
import { ServiceProcess } from './service-process.js';

export const apiKey = 'test-api-key-0123456789';
export const webhookSecret = 'test-webhook-secret-0123456789';

/** How long `tok_slow` takes, and how long payment waits for it. Scaled down from 30 s and 10 s. */
export const slowMs = 1_500;
export const timeoutMs = 400;

/** Starts the payment provider as an external system: its own process and database. */
export async function startProvider(
  env: Record<string, string> = {},
): Promise<{ provider: ServiceProcess; stop(): Promise<void> }> {
  const directory = fileURLToPath(new URL('../../../psp-sandbox/prisma/migrations', import.meta.url));
  const database = await createDatabase();
  await migrate(database.migrationUrl, [{ name: 'psp-sandbox', directory, table: 'prisma' }]);
  const provider = await ServiceProcess.start('psp-sandbox', {
    DATABASE_URL: database.url,
    PSP_API_KEY: apiKey,
    PSP_WEBHOOK_SECRET: webhookSecret,
    PSP_WEBHOOK_CHAOS: '0',
    PSP_SLOW_MS: String(slowMs),
    ...env,
  });
  const stop = async () => {
    await provider.kill();
    await database.drop();
  };
  return { provider, stop };
}

export interface LedgerEntry {
  readonly type: string;
  readonly amountMinor: number;
}

/** The payment service in this process, with its own PostgreSQL and NATS, and the provider in another process. */
export class PaymentService {
  private readonly cleanups: (() => unknown)[] = [];
  app!: NestFastifyApplication;
  url!: string;
  database!: TestDatabase;
  nats!: TestNats;
  issuer!: TestIssuer;
  provider!: ServiceProcess;
  env!: Record<string, string>;
  private uow!: PgUnitOfWork<Outbox>;

  /** @param providerEnv Additional settings of the provider. */
  static async start(
    overrides: Record<string, string> = {},
    providerEnv: Record<string, string> = {},
  ): Promise<PaymentService> {
    const started = new PaymentService();
    try {
      await started.begin(overrides, providerEnv);
    } catch (error) {
      await started.end();
      throw error;
    }
    return started;
  }

  private async begin(overrides: Record<string, string>, providerEnv: Record<string, string>): Promise<void> {
    this.database = await createDatabase({ migrations });
    this.cleanups.unshift(() => this.database.drop());
    this.nats = await startNats();
    this.cleanups.unshift(() => this.nats.stop());
    this.issuer = await TestIssuer.start();
    this.cleanups.unshift(() => this.issuer.close());
    // The provider and payment call each other, so one port must be known in advance.
    const { port, release } = await claimPort();
    this.cleanups.unshift(release);
    const { provider, stop } = await startProvider({
      ...providerEnv,
      PSP_WEBHOOK_URL: `http://127.0.0.1:${port}/webhooks/psp`,
    });
    this.provider = provider;
    this.cleanups.unshift(stop);
    this.env = {
      HTTP_PORT: String(port),
      MANAGEMENT_PORT: '0',
      LOG_LEVEL: 'fatal',
      DATABASE_URL: this.database.url,
      NATS_URL: this.nats.url,
      OUTBOX_POLL_MS: '50',
      AUTH_ISSUER: this.issuer.settings.AUTH_ISSUER,
      AUTH_JWKS_URL: this.issuer.settings.AUTH_JWKS_URL,
      ...cardSettings,
      PSP_URL: provider.url,
      PSP_API_KEY: apiKey,
      PSP_WEBHOOK_SECRETS: `a-newer-webhook-secret-0123456789,${webhookSecret}`,
      PSP_TIMEOUT_MS: String(timeoutMs),
      PAYMENT_POLL_MS: '50',
      PAYMENT_RESOLVE_SCHEDULE_MS: '500,1000,2000',
      ...overrides,
    };
    // Wakes no relay: the relay of the service polls.
    this.uow = new PgUnitOfWork(this.database.pool, ({ sql }) => new Outbox(sql, 'order'));
    await this.startApp();
    this.cleanups.unshift(() => this.stopApp());
  }

  async startApp(): Promise<void> {
    const values = loadSettings(service.settings, this.env);
    this.app = await createApp(service, values);
    await this.app.listen(values.HTTP_PORT, '127.0.0.1');
    await this.app.startAllMicroservices();
    this.url = await this.app.getUrl();
  }

  stopApp(): Promise<void> {
    return this.app.close();
  }

  async end(): Promise<void> {
    for (const cleanup of this.cleanups.splice(0)) await cleanup();
  }

  /** Sends a command as the order service does: through an outbox. */
  send<T>(definition: MessageDefinition<T>, aggregateId: string, data: T): Promise<string> {
    return this.uow.run((outbox) => outbox.add(definition, aggregateId, data));
  }

  async rows<R extends object>(text: string, ...values: unknown[]): Promise<R[]> {
    return (await this.database.pool.query<R>(text, values)).rows;
  }

  async ledger(reference: string): Promise<string[]> {
    const headers = { authorization: `Bearer ${apiKey}` };
    const response = await fetch(`${this.provider.url}/ledger?reference=${reference}`, { headers });
    const { entries } = (await response.json()) as { entries: LedgerEntry[] };
    return entries.map(({ type, amountMinor }) => `${type} ${amountMinor}`);
  }
}

/** One payment, seen from the outside. */
export class TestPayment {
  readonly id = randomUUID();
  readonly orderId = randomUUID();
  readonly customerId = randomUUID();
  readonly target = { paymentId: this.id, orderId: this.orderId };

  constructor(private readonly service: PaymentService) {}

  async authorize(cardToken = 'tok_success'): Promise<string> {
    const { target, customerId } = this;
    const sealedCardToken = await sealCardToken(cardToken, this.id);
    const data = { ...target, customerId, amountMinor: 1_999, currency: 'EUR', sealedCardToken };
    return this.service.send(authorizePayment, this.id, data);
  }

  capture(): Promise<string> {
    return this.service.send(capturePayment, this.id, this.target);
  }

  void(): Promise<string> {
    return this.service.send(voidPayment, this.id, { ...this.target, reason: 'cancelled' });
  }

  refund(refundId: string, amountMinor = 1_999): Promise<string> {
    return this.service.send(refundPayment, this.id, { ...this.target, refundId, amountMinor, reason: 'returned' });
  }

  async status(): Promise<string | undefined> {
    const [row] = await this.service.rows<{ status: string }>('SELECT status FROM payments WHERE id = $1', this.id);
    return row?.status;
  }

  /** Waits until the payment has one of these statuses. @returns Every status seen on the way. */
  async reaches(...wanted: string[]): Promise<string[]> {
    const seen: string[] = [];
    for (const end = Date.now() + 20_000; Date.now() < end; await sleep(20)) {
      const status = await this.status();
      if (status !== undefined && seen.at(-1) !== status) seen.push(status);
      if (status !== undefined && wanted.includes(status)) return seen;
    }
    throw new Error(`the payment is not ${wanted.join(' or ')} after 20 s; it was ${seen.join(', ') || 'never found'}`);
  }

  /** The events of this payment, in order. */
  async published(): Promise<string[]> {
    const rows = await this.service.rows<{ subject: string }>(
      `SELECT subject FROM causeway.outbox WHERE aggregate_id = $1 AND subject LIKE 'payment.evt.%' ORDER BY position`,
      this.id,
    );
    return rows.map(({ subject }) => subject.split('.')[2] ?? '');
  }

  /** Waits until at least `count` events are published. */
  async publishes(count: number): Promise<string[]> {
    for (const end = Date.now() + 10_000; Date.now() < end; await sleep(20)) {
      const events = await this.published();
      if (events.length >= count) return events;
    }
    return this.published();
  }

  operations(): Promise<
    { key: string; status: string; attempts: number; reads: number; card_token_sealed: string | null }[]
  > {
    return this.service.rows('SELECT * FROM psp_operations WHERE payment_id = $1 ORDER BY created_at, n', this.id);
  }

  ledger(): Promise<string[]> {
    return this.service.ledger(this.id);
  }
}
