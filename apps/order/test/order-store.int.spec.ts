import { randomUUID } from 'node:crypto';
import { envelope } from '@causeway/contracts';
import { alreadyHandled } from '@causeway/persistence';
import { ApplyPaymentOutcome } from '../src/application/apply-payment-outcome.js';
import { DriveDueOrders } from '../src/application/drive-due-orders.js';
import type { PlaceOrderResult } from '../src/application/ports.js';
import { openOrderDatabase, type OrderDatabase } from '../src/testing/database.js';
import { paymentOutcome, type OutcomeFields } from '../src/testing/payment-outcome.js';
import { orderTransactionContract } from '../src/testing/order-transaction-contract.js';
import { address, cup, kettle, lastOne, newOrder } from '../src/testing/fixtures.js';

let store: OrderDatabase;
const clock = () => new Date();
const messageOf = (messageId: string, { kind }: OutcomeFields) => ({
  delivery: { consumer: 'c', messageId },
  subject: `payment.evt.${kind}`,
});
const place = (request: ReturnType<typeof newOrder>): Promise<PlaceOrderResult> =>
  store.uow.single((tx) => tx.orders.place(request));
const outcomesOf = (placings: PlaceOrderResult[]): Record<string, number> =>
  placings.reduce<Record<string, number>>(
    (counts, { outcome }) => ({ ...counts, [outcome]: (counts[outcome] ?? 0) + 1 }),
    {},
  );

beforeAll(async () => {
  store = await openOrderDatabase();
});
afterAll(() => store.database.drop());

describe('PostgreSQL keeps the contract of a store of orders', () => {
  orderTransactionContract(() => store);
});

test('a fresh installation has at least 24 products', async () => {
  const [row] = await store.query<{ count: string }>(`SELECT count(*) FROM products WHERE description <> 'For tests'`);
  expect(Number(row!.count)).toBeGreaterThanOrEqual(24);
});

test('50 orders at once for the last item: one wins, and the stock ends at zero', async () => {
  const placings = await Promise.all(
    Array.from({ length: 50 }, () => place(newOrder({ items: [{ productId: lastOne.id, quantity: 1 }] }))),
  );
  expect(outcomesOf(placings)).toEqual({ placed: 1, out_of_stock: 49 });
  expect(await store.stockOf(lastOne.id)).toBe(0);
});

describe('products are locked in the order of their ids, whatever the order of the items and of the rows on disk', () => {
  const items = [cup, kettle].map(({ id }) => ({ productId: id, quantity: 1 }));

  /**
   * Holds the lock on the kettle, which has the lower id, until `meanwhile` waits for it; the cup must be free then.
   */
  async function expectCupIsFreeWhile(meanwhile: () => Promise<unknown>): Promise<void> {
    // Sorted by name, the cup lies before the kettle: a plain scan would meet it first.
    await store.query('CLUSTER products USING products_by_name');
    const [holder, other] = [await store.database.pool.connect(), await store.database.pool.connect()];
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT 1 FROM products WHERE id = $1 FOR UPDATE', [kettle.id]);
      const waiting = meanwhile();
      const isWaiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      let ended = false;
      void waiting.finally(() => (ended = true)).catch(() => undefined);
      while (!ended && (await other.query(isWaiting)).rowCount === 0);
      expect(ended).toBe(false);
      await other.query('SELECT 1 FROM products WHERE id = $1 FOR UPDATE NOWAIT', [cup.id]);
      await holder.query('COMMIT');
      await waiting;
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
      other.release();
    }
  }

  beforeAll(async () => {
    await store.query('UPDATE products SET available = 1000 WHERE id = ANY ($1)', [[kettle.id, cup.id]]);
    await store.query('CREATE INDEX products_by_name ON products (name)');
  });
  afterAll(() => store.query('DROP INDEX products_by_name'));

  test('when an order is placed', () => expectCupIsFreeWhile(() => place(newOrder({ items }))));

  test('when stock is given back', async () => {
    const request = newOrder({ items });
    await place(request);
    const { paymentId, orderId } = request;
    const declined = { kind: 'declined', paymentId, version: 2, reason: 'no_funds' } as const;
    const apply = new ApplyPaymentOutcome(store.uow, clock);
    await expectCupIsFreeWhile(() => apply.execute(messageOf(randomUUID(), declined), orderId, declined));
  });
});

test('the same request ten times at once is one order', async () => {
  const { idempotency, customerId } = newOrder();
  const placings = await Promise.all(Array.from({ length: 10 }, () => place(newOrder({ idempotency, customerId }))));
  const { placed, replayed = 0, idempotency_in_flight: inFlight = 0 } = outcomesOf(placings);
  expect([placed, replayed + inFlight]).toEqual([1, 9]);
  const orders = await store.query('SELECT 1 FROM orders WHERE customer_id = $1', [customerId]);
  expect(orders).toHaveLength(1);
});

test('placing is one statement, and wakes the relay only when something was placed', async () => {
  const before = store.wakes();
  const request = newOrder();
  await place(request);
  await place(request);
  expect(store.wakes()).toBe(before + 1);
});

test('a product that appears twice is refused by the database, too', async () => {
  const items = [1, 2].map((quantity) => ({ productId: cup.id, quantity }));
  await expect(place(newOrder({ items }))).rejects.toThrow('does a product appear twice');
});

test('messages in the outbox are complete envelopes', async () => {
  const request = newOrder();
  await place(request);
  const rows = await store.query<{ envelope: unknown }>(
    'SELECT envelope FROM causeway.outbox WHERE aggregate_id IN ($1, $2) ORDER BY position',
    [request.orderId, request.paymentId],
  );
  expect(rows.map(({ envelope: stored }) => envelope.parse(stored).type)).toEqual([
    'order.evt.placed.v1',
    'payment.cmd.authorize.v2',
  ]);
});

test('the address is readable neither in the tables of the service nor in the stored answer', async () => {
  const request = newOrder();
  await place(request);
  const [row] = await store.query<{ text: string }>(
    `SELECT (SELECT orders::text FROM orders WHERE id = $1)
       || (SELECT idempotency::text FROM causeway.idempotency AS idempotency WHERE key = $2) AS text`,
    [request.orderId, request.idempotency.key],
  );
  expect(row!.text).toContain(request.orderId);
  expect(row!.text).not.toMatch(new RegExp([address.recipient, address.city].join('|')));
});

describe('the saga on PostgreSQL', () => {
  const placed = async () => {
    const request = newOrder({ items: [{ productId: cup.id, quantity: 3 }] });
    await place(request);
    const apply = new ApplyPaymentOutcome(store.uow, clock);
    const order = { paymentId: request.paymentId, currency: 'EUR', totalMinor: 750 };
    const receive = (messageId: string, outcome: OutcomeFields & { version: number }) =>
      apply.execute(messageOf(messageId, outcome), request.orderId, paymentOutcome(order, outcome));
    const row = async () => {
      const [order] = await store.query<{ status: string; step: string | null; version: number }>(
        'SELECT status, step, version FROM orders WHERE id = $1',
        [request.orderId],
      );
      return order!;
    };
    const timer = async () => {
      const [found] = await store.query<{ attempts: number; due_in: number; gives_up: boolean }>(
        `SELECT attempts, extract(epoch FROM due_at - now())::float AS due_in, give_up_at IS NOT NULL AS gives_up
           FROM saga_timers WHERE order_id = $1`,
        [request.orderId],
      );
      return found;
    };
    const makeDue = (limitToo = false) =>
      store.query(
        `UPDATE saga_timers SET due_at = now() - interval '1 second'${limitToo ? `, give_up_at = now() - interval '1 second'` : ''}
          WHERE order_id = $1`,
        [request.orderId],
      );
    const commands = async () =>
      (await store.sent())
        .filter(({ aggregateId }) => aggregateId === request.paymentId)
        .map(({ subject, data }) => ({ subject, data }));
    return { request, receive, row, timer, makeDue, commands };
  };
  const driveDue = async () => {
    const failures: unknown[] = [];
    const driven = await new DriveDueOrders(store.uow, store.claims, clock).execute(50, (_, error) =>
      failures.push(error),
    );
    expect(failures).toEqual([]);
    return driven;
  };

  test('a rejection that comes twice at once, and again as another message, gives the stock back once', async () => {
    const { receive, row, timer } = await placed();
    const before = await store.stockOf(cup.id);
    const message = randomUUID();
    const declined = { kind: 'declined', version: 2, reason: 'no_funds' } as const;
    await Promise.all([receive(message, declined), receive(message, declined), receive(randomUUID(), declined)]);
    await receive(message, declined);
    expect(await row()).toEqual({ status: 'REJECTED', step: null, version: 2 });
    expect(await store.stockOf(cup.id)).toBe(before + 3);
    expect(await timer()).toBeUndefined();
  });

  test('a message is remembered as handled in the transaction of its effect', async () => {
    const { receive } = await placed();
    const messageId = randomUUID();
    await receive(messageId, { kind: 'authorized', version: 2 });
    expect(await store.uow.runOnce({ consumer: 'c', messageId }, async () => 'again')).toBe(alreadyHandled);
  });

  test('an illegal outcome changes nothing and is not remembered as handled', async () => {
    const { receive, row } = await placed();
    await receive(randomUUID(), { kind: 'authorized', version: 2 });
    await receive(randomUUID(), { kind: 'captured', version: 3 });
    const message = randomUUID();
    const declined = { kind: 'declined', version: 4, reason: 'no_funds' } as const;
    await expect(receive(message, declined)).rejects.toMatchObject({ code: 'ORDER_TRANSITION_ILLEGAL' });
    await expect(receive(message, declined)).rejects.toMatchObject({ code: 'ORDER_TRANSITION_ILLEGAL' });
    expect(await row()).toEqual({ status: 'CONFIRMED', step: null, version: 3 });
  });

  test('a due timer sends the same command again and waits twice as long', async () => {
    const { timer, makeDue, commands } = await placed();
    expect((await timer())!.due_in).toBeCloseTo(30, -1);
    expect(await driveDue()).toBe(0);
    await makeDue();
    expect(await driveDue()).toBe(1);
    const [first, again, ...more] = await commands();
    expect(again).toEqual(first);
    expect(more).toEqual([]);
    const after = (await timer())!;
    expect(after).toMatchObject({ attempts: 1, gives_up: true });
    expect(after.due_in).toBeGreaterThan(55);
    expect(after.due_in).toBeLessThanOrEqual(60);
  });

  test('several instances share what is due: every timer is claimed once', async () => {
    const orders = await Promise.all(Array.from({ length: 12 }, placed));
    await Promise.all(orders.map(({ makeDue }) => makeDue()));
    const claimed = (await Promise.all(Array.from({ length: 4 }, () => store.claims.claimDue(50)))).flat();
    const ours = new Set(orders.map(({ request }) => request.orderId));
    expect(claimed.filter(({ orderId }) => ours.has(orderId))).toHaveLength(12);
    expect(new Set(claimed.map(({ orderId }) => orderId)).size).toBe(claimed.length);
  });

  test('a timer that another instance is working on is left out and not waited for', async () => {
    const [busy, free] = [await placed(), await placed()];
    await Promise.all([busy.makeDue(), free.makeDue()]);
    const holder = await store.database.pool.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT 1 FROM saga_timers WHERE order_id = $1 FOR UPDATE', [busy.request.orderId]);
      const claimed = (await store.claims.claimDue(50)).map(({ orderId }) => orderId);
      expect(claimed).toContain(free.request.orderId);
      expect(claimed).not.toContain(busy.request.orderId);
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
  });

  test('the wait between two repetitions is bounded', async () => {
    const { timer, makeDue, request } = await placed();
    await store.query('UPDATE saga_timers SET attempts = 40, give_up_at = NULL WHERE order_id = $1', [request.orderId]);
    await makeDue();
    await driveDue();
    expect((await timer())!.due_in).toBeCloseTo(300, -1);
  });

  test('past the payment limit the order is voided; the void is repeated and never given up', async () => {
    const { receive, row, timer, makeDue, commands } = await placed();
    const before = await store.stockOf(cup.id);
    await makeDue(true);
    await driveDue();
    expect(await row()).toEqual({ status: 'CANCELLING', step: 'void', version: 2 });
    expect(await timer()).toMatchObject({ attempts: 0, gives_up: false });
    await makeDue();
    await driveDue();
    expect((await commands()).map(({ subject }) => subject).slice(1)).toEqual([
      'payment.cmd.void.v1',
      'payment.cmd.void.v1',
    ]);
    expect(await store.stockOf(cup.id)).toBe(before);
    await receive(randomUUID(), { kind: 'voided', version: 2, reason: 'limit' });
    expect((await row()).status).toBe('CANCELLED');
    expect(await store.stockOf(cup.id)).toBe(before + 3);
    expect(await timer()).toBeUndefined();
  });

  test('the payment limit is that of the order: the next step does not start it anew', async () => {
    const { receive, request } = await placed();
    const limit = () => store.query('SELECT give_up_at FROM saga_timers WHERE order_id = $1', [request.orderId]);
    const before = await limit();
    await receive(randomUUID(), { kind: 'authorized', version: 2 });
    expect(await limit()).toEqual(before);
  });

  test('late money of a cancelled order is refunded under one id, with a timer, and shown', async () => {
    const { receive, row, timer, makeDue, commands, request } = await placed();
    await receive(randomUUID(), { kind: 'voided', version: 2 });
    await receive(randomUUID(), { kind: 'captured', version: 3 });
    expect(await row()).toMatchObject({ status: 'CANCELLED', step: 'refund' });
    expect(await timer()).toMatchObject({ gives_up: false });
    await makeDue();
    await driveDue();
    const refunds = (await commands()).filter(({ subject }) => subject === 'payment.cmd.refund.v1');
    expect(refunds).toHaveLength(2);
    expect(refunds[0]).toEqual(refunds[1]);
    const { refundId } = refunds[0]!.data as { refundId: string };
    await receive(randomUUID(), { kind: 'refunded', version: 4, refundId });
    expect(await row()).toMatchObject({ status: 'CANCELLED', step: null });
    const details = await store.uow.run((tx) => tx.orders.details(request.orderId));
    expect(details.reason).toContain(refundId);
  });

  test('stock that is given back and taken at the same time adds up', async () => {
    await store.query('UPDATE products SET available = available + 1000 WHERE id = $1', [cup.id]);
    const orders = await Promise.all(Array.from({ length: 10 }, placed));
    const before = await store.stockOf(cup.id);
    await Promise.all([
      ...orders.map(({ receive }) => receive(randomUUID(), { kind: 'declined', version: 2, reason: 'no_funds' })),
      ...Array.from({ length: 10 }, () => place(newOrder({ items: [{ productId: cup.id, quantity: 1 }] }))),
    ]);
    expect(await store.stockOf(cup.id)).toBe(before + 30 - 10);
  });
});
