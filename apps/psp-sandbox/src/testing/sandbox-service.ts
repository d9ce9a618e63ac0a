import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadSettings } from '@causeway/config';
import { WakeSignal } from '@causeway/resilience';
import { createApp } from '@causeway/service-host';
import { createDatabase, type TestDatabase } from '@causeway/testkit';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { migrations } from '../migrations.js';
import { service } from '../service.js';

export const apiKey = 'test-api-key-0123456789';
export const webhookSecret = 'test-webhook-secret-0123456789';

/** Parsed JSON whose shape the assertions check. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = Record<string, any>;

export interface ReceivedWebhook {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Body of a charge of 19.99 EUR. */
export const chargeOf = (reference: string, paymentMethodToken = 'tok_success') => ({
  reference,
  amountMinor: 1_999,
  currency: 'EUR',
  paymentMethodToken,
});

/** Among `webhookStatuses`: the merchant keeps the connection open and does not respond. */
export const neverResponds = 0;

async function appOf(env: Readonly<Record<string, string>>): Promise<NestFastifyApplication> {
  const app = await createApp(service, loadSettings(service.settings, env));
  await app.listen(0, '127.0.0.1');
  return app;
}

/** The sandbox in this process with its own PostgreSQL, and a merchant that receives its webhooks. */
export class SandboxService {
  /** Webhooks in the order they arrived. */
  readonly received: ReceivedWebhook[] = [];
  /** Statuses that the merchant responds to the next webhooks; 204 afterwards. */
  readonly webhookStatuses: number[] = [];
  private keys = 0;

  private constructor(
    readonly app: NestFastifyApplication,
    readonly database: TestDatabase,
    readonly url: string,
    private readonly merchant: Server,
    private readonly env: Readonly<Record<string, string>>,
  ) {
    merchant.on('request', (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        this.received.push({ headers: request.headers, body });
        const status = this.webhookStatuses.shift() ?? 204;
        if (status !== neverResponds) response.writeHead(status).end();
      });
    });
  }

  /** @param overrides Settings that differ from the defaults of the tests. */
  static async start(overrides: Record<string, string> = {}): Promise<SandboxService> {
    const database = await createDatabase({ migrations });
    const merchant = createServer().listen(0, '127.0.0.1');
    await once(merchant, 'listening');
    const env = {
      HTTP_PORT: '0',
      MANAGEMENT_PORT: '0',
      LOG_LEVEL: 'fatal',
      DATABASE_URL: database.url,
      PSP_API_KEY: apiKey,
      PSP_WEBHOOK_URL: `http://127.0.0.1:${(merchant.address() as AddressInfo).port}/webhooks/psp`,
      PSP_WEBHOOK_SECRET: webhookSecret,
      PSP_WEBHOOK_CHAOS: '0',
      PSP_SLOW_MS: '600',
      ...overrides,
    };
    const app = await appOf(env);
    return new SandboxService(app, database, await app.getUrl(), merchant, env);
  }

  /** Another instance on the same database. The caller closes it. */
  another(): Promise<NestFastifyApplication> {
    return appOf(this.env);
  }

  /** Makes the dispatcher look at what a test has changed behind its back. */
  wakeDispatcher(): void {
    this.app.get(WakeSignal, { strict: false }).wake();
  }

  async stop(): Promise<void> {
    await this.app.close();
    this.merchant.closeAllConnections();
    this.merchant.close();
    await this.database.drop();
  }

  call(
    method: string,
    path: string,
    { body, key, headers = {} }: { body?: unknown; key?: string; headers?: object } = {},
  ): Promise<Response> {
    return fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(key !== undefined && { 'idempotency-key': key }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  /** POST with a new idempotency key, unless one is given. */
  async post(
    path: string,
    body: unknown = {},
    key = `key-${++this.keys}`,
  ): Promise<{ status: number; body: Json; headers: Headers }> {
    const response = await this.call('POST', path, { body, key });
    return { status: response.status, body: (await response.json()) as Json, headers: response.headers };
  }

  async get(path: string): Promise<Json> {
    return (await (await this.call('GET', path)).json()) as Json;
  }

  async rows<R extends object>(text: string, ...values: unknown[]): Promise<R[]> {
    return (await this.database.pool.query<R>(text, values)).rows;
  }
}

/** Waits until the condition holds, or `limitMs` have passed; the assertion that follows tells which. */
export async function until(condition: () => boolean | Promise<boolean>, limitMs = 5_000): Promise<void> {
  for (const end = Date.now() + limitMs; !(await condition()) && Date.now() < end;) await sleep(20);
}
