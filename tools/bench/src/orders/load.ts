import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Shopper } from '@causeway/demo-client';
import type { System } from '@causeway/launcher';
import { sessionConfig } from '@causeway/persistence/session';
import pg from 'pg';
import { Agent, request } from 'undici';

/** Settings of a system under load: it is not the rate limits that are measured. */
export const unlimited = {
  RATE_LIMIT_PER_MINUTE: '10000000',
  RATE_LIMIT_SIGN_IN_PER_MINUTE: '100000',
  RATE_LIMIT_WEBHOOK_PER_MINUTE: '10000000',
};

/** Places orders of one customer through the gateway, over connections of its own. */
export class OrderLoad {
  readonly agent = new Agent({ connections: 64 });
  /** Responses that were not 202, by status. */
  readonly refused = new Map<number, number>();
  accepted = 0;
  private signingIn: Promise<void> | undefined;

  private constructor(
    private readonly system: System,
    private customer: Shopper,
    private readonly addressId: string,
    private readonly products: readonly string[],
    private readonly database: pg.Client,
  ) {}

  /** @param products How many different products to order. Default 20. */
  static async of(system: System, products = 20): Promise<OrderLoad> {
    const customer = await Shopper.create(system.endpoints);
    const address = await customer.addAddress();
    const database = new pg.Client(sessionConfig(system.databaseUrl('order'), system.trust?.postgres));
    database.on('error', () => undefined);
    await database.connect();
    await database.query('UPDATE products SET available = 10000000');
    const chosen = (await customer.products()).slice(0, products).map(({ id }) => id);
    return new OrderLoad(system, customer, address.id, chosen, database);
  }

  /** Places one order, again with the same key while it is refused for overload. @returns milliseconds until accepted */
  async place(index: number): Promise<number> {
    const key = randomUUID();
    const productId = this.products[index % this.products.length]!;
    const body = JSON.stringify({
      items: [{ productId, quantity: 1 }],
      shippingAddressId: this.addressId,
      paymentMethodToken: 'tok_success',
    });
    const begun = performance.now();
    for (;;) {
      const response = await request(`${this.system.urls.gateway}/v1/orders`, {
        method: 'POST',
        body,
        headers: {
          authorization: `Bearer ${this.customer.accessToken}`,
          'content-type': 'application/json',
          'idempotency-key': key,
        },
        dispatcher: this.agent,
      });
      const { statusCode, headers } = response;
      if (statusCode === 202) {
        await response.body.dump();
        this.accepted += 1;
        return performance.now() - begun;
      }
      const problem = await response.body.text();
      if (statusCode === 401) {
        await this.signInAgain();
        continue;
      }
      if (statusCode < 500 && statusCode !== 409) throw new Error(`${statusCode} ${problem}`);
      this.refused.set(statusCode, (this.refused.get(statusCode) ?? 0) + 1);
      await sleep(1_000 * Number(headers['retry-after'] ?? 1));
    }
  }

  /** Access tokens live for five minutes. All clients that need a new one share the sign-in. */
  private signInAgain(): Promise<void> {
    const { endpoints, email, password } = this.customer;
    this.signingIn ??= Shopper.signIn(endpoints, email, password).then((customer) => {
      this.customer = customer;
      this.signingIn = undefined;
    });
    return this.signingIn;
  }

  async confirmed(): Promise<number> {
    const { rows } = await this.database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM orders WHERE status = 'CONFIRMED'`,
    );
    return rows[0]!.count;
  }

  async unfinished(): Promise<number> {
    const { rows } = await this.database.query<{ count: number }>('SELECT count(*)::int AS count FROM saga_timers');
    return rows[0]!.count;
  }

  /** Waits until no order is open. */
  async drained(withinMs = 120_000): Promise<void> {
    const limitAt = performance.now() + withinMs;
    while ((await this.unfinished()) > 0) {
      if (performance.now() > limitAt) throw new Error(`orders are still open after ${withinMs / 1_000} s`);
      await sleep(50);
    }
  }

  async close(): Promise<void> {
    await this.database.end();
    await this.agent.close();
  }
}
