import { setTimeout as sleep } from 'node:timers/promises';
import { call, Shopper, type ApiResponse, type Endpoints } from '@causeway/demo-client';
import type { OrderView, ProductView } from '@causeway/contracts';
import { failedResponse, failedCall, type Failure } from './failures.js';

export interface LoadResult {
  readonly requests: number;
  readonly orders: number;
  /** In the order in which they happened. */
  readonly failures: readonly Failure[];
}

export interface Load {
  /** So far. */
  readonly result: LoadResult;
  /** Lets requests in flight end, and waits until every order is settled. */
  stop(): Promise<LoadResult>;
}

export interface LoadOptions {
  /** Customers at the same time. Default 4: with their pauses well below the limit of 600 requests a minute each. */
  readonly customers?: number;
  /** Between two requests of a customer. Default 150. */
  readonly pauseMs?: number;
  /** A customer signs in anew after this: an access token lives 5 min. Default 60 000. */
  readonly sessionMs?: number;
  /** Longest wait for one response. Default 30 000. */
  readonly responseMs?: number;
  /** Longest wait for an order to be CONFIRMED, from the end of its session. Default 60 000. */
  readonly settleMs?: number;
}

/** Registration, the five steps of a sign-in, token, address. */
const requestsOfASignIn = 8;
const final: readonly string[] = ['REJECTED', 'CANCELLED'];

/**
 * Customers who register, sign in, look at products, order, and read their orders, until they are stopped. Nothing is
 * retried.
 */
export function startLoad(endpoints: Endpoints, options: LoadOptions = {}): Load {
  const { customers = 4, pauseMs = 150, sessionMs = 60_000, responseMs = 30_000, settleMs = 60_000 } = options;
  const failures: Failure[] = [];
  let [stopping, requests, orders, turn] = [false, 0, 0, 0];
  const pause = () => sleep(pauseMs);

  const counted = async <T>(
    what: string,
    send: (signal: AbortSignal) => Promise<ApiResponse<T>>,
    wanted: number,
  ): Promise<T | undefined> => {
    requests += 1;
    try {
      const { status, body } = await send(AbortSignal.timeout(responseMs));
      if (status === wanted) return body;
      failures.push(failedResponse(what, status, body));
    } catch (error) {
      failures.push(failedCall(what, error));
    }
    return undefined;
  };

  /** Orders go round the products, so that none sells out before the others. */
  async function choose(): Promise<ProductView | undefined> {
    const page = await counted(
      'GET /v1/products',
      (signal) => call<{ items: ProductView[] }>(endpoints.gateway, '/v1/products', { signal }),
      200,
    );
    const inStock = page?.items.filter(({ available }) => available > 0) ?? [];
    turn += 1;
    return inStock[turn % inStock.length];
  }

  async function session(): Promise<void> {
    const customer = await Shopper.create(endpoints);
    const address = await customer.addAddress();
    requests += requestsOfASignIn;
    const placed: string[] = [];
    const until = performance.now() + sessionMs;
    while (!stopping && performance.now() < until) {
      const product = await choose();
      await pause();
      if (!product) continue;
      const body = {
        items: [{ productId: product.id, quantity: 1 }],
        shippingAddressId: address.id,
        paymentMethodToken: 'tok_success',
      };
      const order = await counted('POST /v1/orders', (signal) => customer.placeOrder(body, undefined, signal), 202);
      await pause();
      if (!order) continue;
      placed.push(order.id);
      orders += 1;
      await read(customer, order.id);
      await pause();
    }
    for (const id of placed) await settled(customer, id);
  }

  const read = (customer: Shopper, id: string): Promise<OrderView | undefined> =>
    counted('GET /v1/orders/{id}', (signal) => customer.call<OrderView>(`/v1/orders/${id}`, { signal }), 200);

  /** Counts a failed read as a failure, and reads again. */
  async function settled(customer: Shopper, id: string): Promise<void> {
    const limitAt = performance.now() + settleMs;
    let status: string | undefined;
    do {
      const order = await read(customer, id);
      status = order?.status ?? status;
      if (status === 'CONFIRMED') return;
      if (status !== undefined && final.includes(status)) break;
      await pause();
    } while (performance.now() < limitAt);
    failures.push({ kind: `an order that stayed ${status ?? 'unread'}`, cause: 'wrong', detail: `order ${id}` });
  }

  async function customerLife(): Promise<void> {
    while (!stopping) {
      await session().catch(async (error: unknown) => {
        requests += 1;
        failures.push(failedCall('sign-in', error));
        await pause();
      });
    }
  }
  const running = Promise.all(Array.from({ length: customers }, customerLife));
  const result = (): LoadResult => ({ requests, orders, failures });
  return {
    get result() {
      return result();
    },
    async stop() {
      stopping = true;
      await running;
      return result();
    },
  };
}
