import {
  authorizePayment,
  orderHistory,
  orderPlaced,
  orderRejected,
  orderView,
  parseOrThrow,
} from '@causeway/contracts';
import { applyOutcome } from '../domain/order.js';
import type { PlaceOrderResult } from '../application/ports.js';
import { paymentOutcome } from './payment-outcome.js';
import { address, cup, dollarCup, gold, kettle, lastOne, newOrder, products, type OrderStore } from './fixtures.js';

const oneCup = () => ({ items: [{ productId: cup.id, quantity: 1 }] });

const change = {
  from: 'PENDING_PAYMENT',
  event: orderRejected.subject,
  cause: { kind: 'message', name: 'payment.evt.declined.v1', id: 'm1' },
} as const;

/**
 * What every store of orders must do: run against the fake and against PostgreSQL. Stock is shared by the tests of one
 * store.
 */
export function orderTransactionContract(store: () => OrderStore): void {
  const place = (request: ReturnType<typeof newOrder>): Promise<PlaceOrderResult> =>
    store().uow.single((tx) => tx.orders.place(request));
  const sentFor = async (...aggregates: string[]) =>
    (await store().sent()).filter(({ aggregateId }) => aggregates.includes(aggregateId));

  test('placing takes the stock, starts the timer, and sends both messages with the prices of the catalogue', async () => {
    const [kettles, cups] = [await store().stockOf(kettle.id), await store().stockOf(cup.id)];
    const request = newOrder();
    const placing = await place(request);

    if (placing.outcome !== 'placed') throw new Error(placing.outcome);
    expect(parseOrThrow(orderView, placing.order)).toMatchObject({
      id: request.orderId,
      status: 'PENDING_PAYMENT',
      totalMinor: 6_490,
      currency: 'EUR',
      paymentId: request.paymentId,
      shippingAddress: address,
      lines: [
        { productId: kettle.id, name: 'Kettle', quantity: 1, unitPriceMinor: 5_990 },
        { productId: cup.id, name: 'Cup', quantity: 2, unitPriceMinor: 250 },
      ],
    });
    expect([await store().stockOf(kettle.id), await store().stockOf(cup.id)]).toEqual([kettles - 1, cups - 2]);
    expect(await store().timers()).toContain(request.orderId);
    const [event, command] = await sentFor(request.orderId, request.paymentId);
    const { orderId, paymentId, customerId } = request;
    expect(event!.subject).toBe(orderPlaced.subject);
    expect(parseOrThrow(orderPlaced.data, event!.data)).toMatchObject({
      orderId,
      paymentId,
      customerId,
      totalMinor: 6_490,
      version: 1,
    });
    expect(command!.subject).toBe(authorizePayment.subject);
    expect(parseOrThrow(authorizePayment.data, command!.data)).toEqual({
      orderId,
      paymentId,
      customerId,
      amountMinor: 6_490,
      currency: 'EUR',
      sealedCardToken: request.sealedCardToken,
    });
  });

  test('placing begins the history: the request is its cause', async () => {
    const request = newOrder();
    await place(request);
    await place({ ...newOrder(), customerId: request.customerId, idempotency: request.idempotency });
    const items = await store().history(request.orderId);
    expect(parseOrThrow(orderHistory, { items }).items).toEqual([
      {
        version: 1,
        from: null,
        status: 'PENDING_PAYMENT',
        step: 'authorize',
        reason: null,
        event: orderPlaced.subject,
        occurredAt: expect.any(String),
        cause: { kind: 'request', name: 'POST /v1/orders', id: request.idempotency.key },
        traceId: null,
      },
    ]);
  });

  test('the same key and request responses the first answer and changes nothing', async () => {
    const request = newOrder();
    const first = await place(request);
    const cups = await store().stockOf(cup.id);
    const second = await place({ ...newOrder(), customerId: request.customerId, idempotency: request.idempotency });
    expect(second).toEqual({ ...first, outcome: 'replayed' });
    expect(await store().stockOf(cup.id)).toBe(cups);
  });

  test('the same key with another request is refused', async () => {
    const request = newOrder();
    await place(request);
    const other = newOrder({ idempotency: { ...request.idempotency, fingerprint: 'f2' } });
    expect(await place(other)).toEqual({ outcome: 'idempotency_reused' });
  });

  const unknownId = '0193a000-0000-7000-8000-00000000ffff';
  test.each([
    ['an unknown product', [cup.id, unknownId], 1, { outcome: 'products_unknown', positions: [1] }],
    ['more than in stock', [cup.id, lastOne.id], 2, { outcome: 'out_of_stock', shortages: [{ at: 1, available: 1 }] }],
    ['two currencies', [cup.id, dollarCup.id], 1, { outcome: 'currency_mixed', currencies: ['EUR', 'USD'] }],
    [
      'a total that is too large',
      products.filter(({ priceMinor }) => priceMinor === gold.priceMinor).map(({ id }) => id),
      1_000,
      { outcome: 'total_too_large' },
    ],
  ])('%s is refused, reserves nothing, and is not remembered under the key', async (_, ids, quantity, refusal) => {
    const cups = await store().stockOf(cup.id);
    const request = newOrder({ items: ids.map((productId) => ({ productId, quantity })) });
    expect(await place(request)).toEqual(refusal);
    expect(await store().stockOf(cup.id)).toBe(cups);
    expect(await sentFor(request.orderId, request.paymentId)).toEqual([]);
    expect(await store().history(request.orderId)).toEqual([]);
    expect(await place({ ...newOrder(), idempotency: request.idempotency })).toMatchObject({ outcome: 'placed' });
  });

  test('an order is read for update, saved with its history, and gives its stock back', async () => {
    const cups = await store().stockOf(cup.id);
    const request = newOrder();
    await place(request);
    await store().uow.run(async (tx) => {
      const before = await tx.orders.forUpdate(request.orderId);
      expect(before).toMatchObject({
        status: 'PENDING_PAYMENT',
        step: 'authorize',
        stockHeld: true,
        totalMinor: 6_490,
        paymentVersion: 0,
      });
      const after = applyOutcome(before!, paymentOutcome(before!, { kind: 'declined', version: 2 }));
      await tx.orders.save(after, change);
      await tx.orders.releaseStock(after);
      await tx.orders.schedule(after);
    });
    expect(await store().stockOf(cup.id)).toBe(cups);
    expect(await store().timers()).not.toContain(request.orderId);
    const [, entry, ...more] = await store().history(request.orderId);
    expect(entry).toEqual({
      ...change,
      version: 2,
      status: 'REJECTED',
      step: null,
      reason: 'payment declined: asked to',
      occurredAt: expect.any(String),
      traceId: null,
    });
    expect(more).toEqual([]);
    await store().uow.run(async (tx) => {
      expect(await tx.orders.forUpdate(request.orderId)).toMatchObject({
        status: 'REJECTED',
        version: 2,
        paymentVersion: 2,
      });
      expect(await tx.orders.details(request.orderId)).toMatchObject({ status: 'REJECTED', shippingAddress: address });
    });
  });

  test('the card token is kept while the order waits for its authorization, and forgotten after', async () => {
    const request = newOrder({ items: [{ productId: cup.id, quantity: 1 }] });
    await place(request);
    await store().uow.run(async (tx) => {
      expect(await tx.orders.sealedCardToken(request.orderId)).toBe(request.sealedCardToken);
      const before = (await tx.orders.forUpdate(request.orderId))!;
      await tx.orders.save(applyOutcome(before, paymentOutcome(before, { kind: 'authorized', version: 2 })), change);
    });
    const later = store().uow.run((tx) => tx.orders.sealedCardToken(request.orderId));
    await expect(later).rejects.toThrow('no longer has its card token');
  });

  test('what whoever cancelled an order wrote is kept with it', async () => {
    const request = newOrder(oneCup());
    await place(request);
    const givenReason = 'arrived broken 🦊';
    await store().uow.run((tx) => tx.orders.keepGivenReason(request.orderId, givenReason));
    expect(await store().uow.run((tx) => tx.orders.details(request.orderId))).toMatchObject({ givenReason });
  });

  test('a customer who leaves is forgotten in ended orders and stored responses; others are not', async () => {
    const [ended, open, other] = [newOrder(oneCup()), newOrder(oneCup()), newOrder(oneCup())];
    const { customerId } = ended;
    const idempotency = { ...ended.idempotency, subject: customerId };
    await place({ ...ended, idempotency });
    await place({ ...open, customerId });
    await place(other);
    const reject = (orderId: string) =>
      store().uow.run(async (tx) => {
        const before = (await tx.orders.forUpdate(orderId))!;
        await tx.orders.save(applyOutcome(before, paymentOutcome(before, { kind: 'declined', version: 2 })), change);
      });
    for (const { orderId } of [ended, other]) {
      await reject(orderId);
      await store().uow.run((tx) => tx.orders.keepGivenReason(orderId, 'my own words'));
    }
    await store().uow.run((tx) => tx.orders.forget(customerId, new Date().toISOString()));

    const detailsOf = (orderId: string) => store().uow.run((tx) => tx.orders.details(orderId));
    const forgotten = await detailsOf(ended.orderId);
    expect(forgotten).toMatchObject({ status: 'REJECTED', totalMinor: 250, givenReason: null });
    expect(parseOrThrow(orderView, forgotten).shippingAddress.recipient).toBe('(erased)');
    expect(await detailsOf(open.orderId)).toMatchObject({ shippingAddress: address });
    expect(await detailsOf(other.orderId)).toMatchObject({ shippingAddress: address, givenReason: 'my own words' });
    // The stored response is gone: the key is new.
    expect(await place({ ...newOrder(oneCup()), customerId, idempotency })).toMatchObject({ outcome: 'placed' });
  });

  test('an order that does not exist is undefined', async () => {
    expect(await store().uow.run((tx) => tx.orders.forUpdate(unknownId))).toBeUndefined();
  });

  test('work that fails leaves nothing behind', async () => {
    const request = newOrder();
    await place(request);
    const failing = store().uow.run(async (tx) => {
      const before = (await tx.orders.forUpdate(request.orderId))!;
      await tx.orders.save(applyOutcome(before, paymentOutcome(before, { kind: 'authorized', version: 2 })), change);
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    expect(await store().uow.run((tx) => tx.orders.forUpdate(request.orderId))).toMatchObject({ version: 1 });
    expect(await store().history(request.orderId)).toHaveLength(1);
  });

  test('an answer is remembered and replayed with its address', async () => {
    const request = newOrder();
    const placing = await place(request);
    if (placing.outcome !== 'placed') throw new Error(placing.outcome);
    const scope = { ...request.idempotency, route: 'POST /v1/orders/1/cancel' };
    await store().uow.run(async (tx) => {
      expect(await tx.responses.begin(scope, 'f')).toBeUndefined();
      await tx.responses.complete(scope, 'f', placing.order);
    });
    expect(await store().uow.run((tx) => tx.responses.begin(scope, 'f'))).toEqual(placing.order);
    await expect(store().uow.run((tx) => tx.responses.begin(scope, 'g'))).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
  });
}
