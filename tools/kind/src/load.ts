import { call, Customer, type Answer, type Door } from '@causeway/launcher';
import type { ProductView } from '@causeway/contracts';

export interface LoadResult {
  readonly requests: number;
  readonly orders: number;
  /** What went wrong, first come first. */
  readonly failures: readonly string[];
}

export interface Load {
  /** So far. */
  readonly result: LoadResult;
  /** Lets what is in flight end, and waits until every order is settled. */
  stop(): Promise<LoadResult>;
}

export interface LoadOptions {
  /** Customers at the same time. Default 4: with their pauses well below the limit of 600 requests a minute each. */
  readonly customers?: number;
  /** Between two requests of a customer. Default 150. */
  readonly pauseMs?: number;
  /** A customer signs in anew after this: an access token lives 5 min. Default 60 000. */
  readonly sessionMs?: number;
}

/** Customers who register, sign in, look at products, order, and read their orders, until they are stopped. Nothing is retried. */
export function startLoad(door: Door, { customers = 4, pauseMs = 150, sessionMs = 60_000 }: LoadOptions = {}): Load {
  const failures: string[] = [];
  let [stopping, requests, orders] = [false, 0, 0];
  const counted = async <T>(what: string, send: () => Promise<Answer<T>>, wanted: number): Promise<T | undefined> => {
    requests += 1;
    try {
      const { status, body } = await send();
      if (status === wanted) return body;
      failures.push(`${what} answered ${status}: ${JSON.stringify(body).slice(0, 300)}`);
    } catch (error) {
      const { message, cause } = error as Error;
      failures.push(`${what}: ${message}${cause instanceof Error ? ` (${cause.message})` : ''}`);
    }
    return undefined;
  };
  const pause = () => new Promise((resolve) => setTimeout(resolve, pauseMs));

  async function session(): Promise<void> {
    const customer = await Customer.create(door);
    const address = await customer.addAddress();
    requests += 8; // registration, the five steps of a sign-in, token, address
    const placed: string[] = [];
    const until = performance.now() + sessionMs;
    while (!stopping && performance.now() < until) {
      const page = await counted(
        'GET /v1/products',
        () => call<{ items: ProductView[] }>(door.gateway, '/v1/products'),
        200,
      );
      const product = page?.items.find(({ available }) => available > 0);
      await pause();
      if (!product) continue;
      const order = await counted(
        'POST /v1/orders',
        () =>
          customer.placeOrder({
            items: [{ productId: product.id, quantity: 1 }],
            shippingAddressId: address.id,
            paymentMethodToken: 'tok_success',
          }),
        202,
      );
      await pause();
      if (!order) continue;
      placed.push(order.id);
      orders += 1;
      await counted('GET /v1/orders/{id}', () => customer.call(`/v1/orders/${order.id}`), 200);
      await pause();
    }
    for (const id of placed) await customer.waitFor(id, ['CONFIRMED'], 60_000);
  }

  async function customerLife(): Promise<void> {
    while (!stopping) {
      await session().catch((error: unknown) => failures.push((error as Error).message));
    }
  }
  const running = Promise.all(Array.from({ length: customers }, customerLife));
  return {
    get result() {
      return { requests, orders, failures };
    },
    async stop() {
      stopping = true;
      await running;
      return { requests, orders, failures };
    },
  };
}
