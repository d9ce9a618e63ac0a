import { randomUUID } from 'node:crypto';
import {
  orderCancelled,
  orderConfirmed,
  orderHistory,
  orderPage,
  orderPlaced,
  orderRejected,
  orderView,
  paymentAuthorized,
  paymentCaptured,
  paymentDeclined,
  paymentRefunded,
  paymentVoided,
  productPage,
  productView,
  scopes,
  scopesOf,
  userErased,
} from '@causeway/contracts';
import { poolSql } from '@causeway/persistence';
import { forgetCustomers } from '../src/adapters/persistence/forget-customers.js';
import { knownAddress, OrderService, type ServiceResponse, type Customer } from '../src/testing/order-service.js';
import { address } from '../src/testing/fixtures.js';

let service: OrderService;
beforeAll(async () => {
  service = await OrderService.start();
});
afterAll(() => service?.stop());

const productId = (number: number): string => `01939f00-0000-7000-8000-${String(number).padStart(12, '0')}`;
const body = (changes: object = {}) => ({
  items: [{ productId: productId(1), quantity: 2 }],
  shippingAddressId: knownAddress,
  paymentMethodToken: 'tok_success',
  ...changes,
});
const stockOf = async (id: string): Promise<number> => {
  const { body: product } = await service.send('GET', `/v1/products/${id}`);
  return product['available'] as number;
};
const placed = async (customer: Customer = service.customer(), changes: object = {}) => {
  const { body: order } = await customer.post('/v1/orders', body(changes));
  const { id: orderId, paymentId } = orderView.parse(order);
  let version = 1;
  const fact = () => ({ orderId, paymentId, version: ++version, occurredAt: new Date().toISOString() });
  const money = { amountMinor: 11_980, currency: 'EUR' };
  return { customer, orderId, paymentId, fact, money };
};

test('a read that gets no connection in time is refused as overload, not as an error of ours', async () => {
  const holder = await service.database.pool.connect();
  await holder.query('BEGIN; LOCK TABLE products IN ACCESS EXCLUSIVE MODE');
  try {
    // As many as the pool has connections wait for the lock, the others for a connection.
    const reading = Array.from({ length: 15 }, () =>
      service.send('GET', `/v1/products/${productId(1)}`, undefined, { 'causeway-deadline-ms': '400' }),
    );
    const answers = (await Promise.all(reading)).map(({ status, body: problem }) => `${status} ${problem['code']}`);
    expect(answers).toContain('503 OVERLOADED');
    expect(answers.filter((answer) => answer.startsWith('500'))).toEqual([]);
  } finally {
    await holder.query('ROLLBACK');
    holder.release();
  }
});

describe('products', () => {
  test('are listed page by page for everybody, each once', async () => {
    const ids: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const answer = await service.send('GET', `/v1/products?limit=13${cursor && `&cursor=${cursor}`}`);
      const page = productPage.parse(answer.body);
      ids.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(ids.length).toBeGreaterThanOrEqual(24);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('have an ETag, and their stock is set by it', async () => {
    const ops = service.customer('causeway-ops', scopes.catalogWrite);
    const path = `/v1/products/${productId(2)}`;
    const first = await service.send('GET', path);
    const tag = first.headers.get('etag')!;
    expect(productView.parse(first.body)).toMatchObject({ currency: 'EUR' });
    const changed = await ops.send('PUT', `${path}/stock`, { available: 77 }, { 'if-match': tag });
    expect([changed.status, changed.body['available']]).toEqual([200, 77]);
    expect(changed.headers.get('etag')).not.toBe(tag);
    const stale = await ops.send('PUT', `${path}/stock`, { available: 78 }, { 'if-match': tag });
    expect([stale.status, stale.body['code']]).toEqual([412, 'VERSION_STALE']);
    expect(await stockOf(productId(2))).toBe(77);
  });

  test.each([
    ['without If-Match', {}, { available: 1 }, 428],
    ['with the first version that no column holds', { 'if-match': '"2147483648"' }, { available: 1 }, 412],
    ['with a version beyond all', { 'if-match': '"99999999999"' }, { available: 1 }, 412],
    ['with a weak tag', { 'if-match': 'W/"1"' }, { available: 1 }, 412],
    ['with a list of others', { 'if-match': '"0", "x,y"' }, { available: 1 }, 412],
    ['with something that is no tag', { 'if-match': '1' }, { available: 1 }, 400],
    ['with more than the column holds', { 'if-match': '"1"' }, { available: 2_147_483_648 }, 422],
    ['with -1', { 'if-match': '"1"' }, { available: -1 }, 422],
    ['with an unknown field', { 'if-match': '"1"' }, { available: 1, more: 1 }, 422],
  ])('stock %s is refused', async (_, headers, change, status) => {
    const ops = service.customer('causeway-ops', scopes.catalogWrite);
    expect((await ops.send('PUT', `/v1/products/${productId(3)}/stock`, change, headers)).status).toBe(status);
  });

  test('one tag of a list that matches is enough, and * is any', async () => {
    const ops = service.customer('causeway-ops', scopes.catalogWrite);
    const path = `/v1/products/${productId(4)}`;
    const tag = (await service.send('GET', path)).headers.get('etag')!;
    const listed = await ops.send('PUT', `${path}/stock`, { available: 7 }, { 'if-match': `"0", ${tag}, W/"9"` });
    expect([listed.status, listed.body['available']]).toEqual([200, 7]);
    expect((await ops.send('PUT', `${path}/stock`, { available: 90 }, { 'if-match': '*' })).status).toBe(200);
    const unknown = `/v1/products/${randomUUID()}/stock`;
    expect((await ops.send('PUT', unknown, { available: 1 }, { 'if-match': '*' })).status).toBe(404);
  });

  test.each(['0x10', '1e2', '01', '+5', ' 5', '5 ', '5.0', '-0', '', '0', '101', '5&limit=6', '٥'])(
    'a page of %j products is refused',
    async (limit) => {
      const answer = await service.send(
        'GET',
        `/v1/products?limit=${limit.includes('&') ? limit : encodeURIComponent(limit)}`,
      );
      expect([answer.status, answer.body['errors']]).toEqual([422, [expect.objectContaining({ path: '/limit' })]]);
    },
  );

  test('a customer cannot set stock; an unknown product is 404; a foreign cursor is 400', async () => {
    const put = await service
      .customer()
      .send('PUT', `/v1/products/${productId(3)}/stock`, { available: 1 }, { 'if-match': '"1"' });
    expect([put.status, put.body['code']]).toEqual([403, 'SCOPE_MISSING']);
    expect((await service.send('GET', `/v1/products/${randomUUID()}`)).status).toBe(404);
    expect((await service.send('GET', '/v1/products?cursor=abc')).body['code']).toBe('CURSOR_INVALID');
  });
});

describe('placing an order', () => {
  test('is answered 202 with its place, and announced', async () => {
    const customer = service.customer();
    const answer = await customer.post('/v1/orders', body());
    expect(answer.status).toBe(202);
    const order = orderView.parse(answer.body);
    expect(order).toMatchObject({
      status: 'PENDING_PAYMENT',
      totalMinor: 11_980,
      currency: 'EUR',
      shippingAddress: address,
      version: 1,
    });
    expect(answer.headers.get('location')).toBe(`/v1/orders/${order.id}`);
    expect(answer.headers.get('idempotency-replayed')).toBeNull();
    const event = await service.published('order.evt.placed.v1', order.id);
    expect(orderPlaced.data.parse(event.data)).toMatchObject({ customerId: customer.id, totalMinor: 11_980 });
    await service.published('payment.cmd.authorize.v2', order.paymentId);
  });

  test('the same request again is replayed with the same body', async () => {
    const customer = service.customer();
    const key = randomUUID();
    const first = await customer.post('/v1/orders', body(), key);
    const again = await customer.post('/v1/orders', body(), key);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([202, 'true']);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
  });

  test('the same POST ten times at once is one order', async () => {
    const customer = service.customer();
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 10 }, () => customer.post('/v1/orders', body(), key)));
    const isFirst = ({ status, headers }: ServiceResponse) => status === 202 && !headers.get('idempotency-replayed');
    expect(answers.filter(isFirst)).toHaveLength(1);
    expect(answers.every(({ status, headers }) => status === 409 || (status === 202 && headers))).toBe(true);
    expect(orderPage.parse((await customer.send('GET', '/v1/orders')).body).items).toHaveLength(1);
  });

  test('50 customers at once for the last item: one gets it', async () => {
    const ops = service.customer('causeway-ops', scopes.catalogWrite);
    const id = productId(28);
    const tag = (await service.send('GET', `/v1/products/${id}`)).headers.get('etag')!;
    await ops.send('PUT', `/v1/products/${id}/stock`, { available: 1 }, { 'if-match': tag });
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        service.customer().post('/v1/orders', body({ items: [{ productId: id, quantity: 1 }] })),
      ),
    );
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(answers.filter(({ body: problem }) => problem['code'] === 'OUT_OF_STOCK')).toHaveLength(49);
    expect(await stockOf(id)).toBe(0);
  });

  test.each([
    ['quantity 0', { items: [{ productId: productId(1), quantity: 0 }] }, 422, 'VALIDATION_FAILED'],
    ['quantity -1', { items: [{ productId: productId(1), quantity: -1 }] }, 422, 'VALIDATION_FAILED'],
    ['quantity 1.5', { items: [{ productId: productId(1), quantity: 1.5 }] }, 422, 'VALIDATION_FAILED'],
    ['quantity 10^9', { items: [{ productId: productId(1), quantity: 1e9 }] }, 422, 'VALIDATION_FAILED'],
    ['more than in stock', { items: [{ productId: productId(1), quantity: 1_000 }] }, 409, 'OUT_OF_STOCK'],
    ['an unknown product', { items: [{ productId: randomUUID(), quantity: 1 }] }, 422, 'PRODUCT_UNKNOWN'],
    ['an unknown address', { shippingAddressId: randomUUID() }, 422, 'ADDRESS_UNKNOWN'],
    ['an unknown field', { discount: 100 }, 422, 'VALIDATION_FAILED'],
    ['nothing', { items: [] }, 422, 'VALIDATION_FAILED'],
  ])('%s is refused and reserves nothing', async (_, changes, status, code) => {
    const before = await stockOf(productId(1));
    const answer = await service.customer().post('/v1/orders', body(changes));
    expect([answer.status, answer.body['code']]).toEqual([status, code]);
    expect(await stockOf(productId(1))).toBe(before);
  });

  test('needs a key, a token and the scope; another body needs another key', async () => {
    const customer = service.customer();
    expect((await customer.send('POST', '/v1/orders', body())).body['code']).toBe('IDEMPOTENCY_KEY_REQUIRED');
    expect((await service.send('POST', '/v1/orders', body())).body['code']).toBe('TOKEN_MISSING');
    const wrong = service.customer(randomUUID(), scopes.profile);
    expect((await wrong.post('/v1/orders', body())).body['code']).toBe('SCOPE_MISSING');
    const machine = service.customer('causeway-ops', scopes.orders);
    expect((await machine.send('GET', '/v1/orders')).body['code']).toBe('SCOPE_MISSING');
    const key = randomUUID();
    await customer.post('/v1/orders', body(), key);
    const other = await customer.post('/v1/orders', body({ paymentMethodToken: 'tok_declined' }), key);
    expect([other.status, other.body['code']]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });

  test('without the user service: 503 with Retry-After, but what was placed is still replayed', async () => {
    const customer = service.customer();
    const key = randomUUID();
    const first = await customer.post('/v1/orders', body(), key);
    service.setUserDown(true);
    try {
      const fresh = await customer.post('/v1/orders', body());
      expect([fresh.status, fresh.body['code']]).toEqual([503, 'DEPENDENCY_UNAVAILABLE']);
      expect(fresh.headers.get('retry-after')).not.toBeNull();
      expect((await customer.post('/v1/orders', body(), key)).body).toEqual(first.body);
    } finally {
      service.setUserDown(false);
    }
  });
});

describe('reading orders', () => {
  test('one with its ETag; another customer’s and an unknown one are 404', async () => {
    const { customer, orderId } = await placed();
    const own = await customer.send('GET', `/v1/orders/${orderId}`);
    expect([own.status, own.headers.get('etag')]).toEqual([200, '"1"']);
    orderView.parse(own.body);
    expect((await service.customer().send('GET', `/v1/orders/${orderId}`)).status).toBe(404);
    expect((await customer.send('GET', `/v1/orders/${randomUUID()}`)).status).toBe(404);
    expect((await customer.send('GET', '/v1/orders/7')).status).toBe(422);
  });

  test('a list of one’s own, newest first, by status, page by page', async () => {
    const customer = service.customer();
    const ids: string[] = [];
    for (let turn = 0; turn < 5; turn++) ids.unshift((await placed(customer)).orderId);
    await placed();
    const first = orderPage.parse((await customer.send('GET', '/v1/orders?limit=3')).body);
    expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 3));
    const next = orderPage.parse((await customer.send('GET', `/v1/orders?limit=3&cursor=${first.nextCursor}`)).body);
    expect(next.items.map(({ id }) => id)).toEqual(ids.slice(3));
    expect(next.nextCursor).toBeNull();
    const confirmed = await customer.send('GET', '/v1/orders?status=CONFIRMED');
    expect(confirmed.body).toEqual({ items: [], nextCursor: null });
    const cursorOfProducts = (await service.send('GET', '/v1/products?limit=1')).body['nextCursor'];
    expect((await customer.send('GET', `/v1/orders?cursor=${String(cursorOfProducts)}`)).body['code']).toBe(
      'CURSOR_INVALID',
    );
  });
});

describe('the saga', () => {
  test('authorized, captured, confirmed', async () => {
    const { customer, orderId, paymentId, fact, money } = await placed();
    await service.publishAsPayment(paymentAuthorized, { ...fact(), ...money });
    await service.published('payment.cmd.capture.v1', paymentId);
    await service.publishAsPayment(paymentCaptured, { ...fact(), ...money });
    const event = await service.published('order.evt.confirmed.v1', orderId);
    expect(orderConfirmed.data.parse(event.data)).toMatchObject({ customerId: customer.id, version: 3 });
    await service.becomes(customer, orderId, 'CONFIRMED');
  });

  test('declined, received twice: rejected, and the stock is back once', async () => {
    const before = await stockOf(productId(5));
    const { customer, orderId, fact } = await placed(service.customer(), {
      items: [{ productId: productId(5), quantity: 4 }],
    });
    expect(await stockOf(productId(5))).toBe(before - 4);
    const declined = { ...fact(), reason: 'insufficient_funds' };
    const id = randomUUID();
    await service.publishAsPayment(paymentDeclined, declined, id);
    await service.publishAsPayment(paymentDeclined, declined, id);
    await service.publishAsPayment(paymentDeclined, declined);
    const event = await service.published('order.evt.rejected.v1', orderId);
    expect(orderRejected.data.parse(event.data).reason).toContain('insufficient_funds');
    const order = await service.becomes(customer, orderId, 'REJECTED');
    expect(order['version']).toBe(2);
    expect(await stockOf(productId(5))).toBe(before);
    const cancel = await customer.post(`/v1/orders/${orderId}/cancel`, {});
    expect([cancel.status, cancel.body['code']]).toEqual([409, 'ORDER_NOT_CANCELLABLE']);
  });

  test('cancelled before capture: 202 CANCELLING, void, CANCELLED with the stock back', async () => {
    const before = await stockOf(productId(6));
    const { customer, orderId, paymentId, fact } = await placed(service.customer(), {
      items: [{ productId: productId(6), quantity: 1 }],
    });
    const key = randomUUID();
    const answer = await customer.post(`/v1/orders/${orderId}/cancel`, { reason: 'changed my mind' }, key);
    expect([answer.status, answer.body['status']]).toEqual([202, 'CANCELLING']);
    expect(answer.headers.get('location')).toBe(`/v1/orders/${orderId}`);
    await service.published('payment.cmd.void.v1', paymentId);
    await service.publishAsPayment(paymentVoided, { ...fact(), reason: 'asked to' });
    const order = await service.becomes(customer, orderId, 'CANCELLED');
    expect([order['reason'], order['givenReason']]).toEqual(['cancelled by the customer', 'changed my mind']);
    expect(await stockOf(productId(6))).toBe(before);
    const replay = await customer.post(`/v1/orders/${orderId}/cancel`, { reason: 'changed my mind' }, key);
    expect([replay.body, replay.headers.get('idempotency-replayed')]).toEqual([answer.body, 'true']);
  });

  test('cancelled after capture: refunded in full', async () => {
    const { customer, orderId, paymentId, fact, money } = await placed();
    await service.publishAsPayment(paymentAuthorized, { ...fact(), ...money });
    await service.published('payment.cmd.capture.v1', paymentId);
    await service.publishAsPayment(paymentCaptured, { ...fact(), ...money });
    await service.becomes(customer, orderId, 'CONFIRMED');
    await customer.post(`/v1/orders/${orderId}/cancel`, {});
    const { refundId, amountMinor } = (await service.published('payment.cmd.refund.v1', paymentId)).data as {
      refundId: string;
      amountMinor: number;
    };
    expect(amountMinor).toBe(11_980);
    await service.publishAsPayment(paymentRefunded, { ...fact(), ...money, refundId, reason: 'cancelled' });
    await service.becomes(customer, orderId, 'CANCELLED');
    const event = await service.published('order.evt.cancelled.v1', orderId);
    expect(orderCancelled.data.parse(event.data).reason).toContain(refundId);
  });

  test.each(['a\u0000b', 'a\ud800', '\udc00', '   ', '\u200b', 'x\u001b[2J', '\u202ex', '🦊'.repeat(201)])(
    'the reason %j is refused, by its path',
    async (reason) => {
      const { customer, orderId } = await placed();
      const answer = await customer.post(`/v1/orders/${orderId}/cancel`, { reason });
      expect([answer.status, answer.body['errors']]).toEqual([422, [expect.objectContaining({ path: '/reason' })]]);
    },
  );

  test('another customer cannot cancel; a cancellation needs a key', async () => {
    const { customer, orderId } = await placed();
    expect((await service.customer().post(`/v1/orders/${orderId}/cancel`, {})).status).toBe(404);
    expect((await customer.send('POST', `/v1/orders/${orderId}/cancel`, {})).body['code']).toBe(
      'IDEMPOTENCY_KEY_REQUIRED',
    );
  });

  test('outcomes that contradict the order go to the dead letters at once, and the next message is handled', async () => {
    const { customer, orderId, paymentId, fact, money } = await placed();
    await service.publishAsPayment(paymentCaptured, { ...fact(), ...money });
    expect(await service.deadLetter('order__payment-evt-captured-v1')).toMatchObject({ data: { orderId } });
    await service.publishAsPayment(paymentAuthorized, { ...fact(), ...money, amountMinor: 1 });
    expect(await service.deadLetter('order__payment-evt-authorized-v1')).toMatchObject({ data: { orderId } });
    await service.becomes(customer, orderId, 'PENDING_PAYMENT');

    await service.publishAsPayment(paymentAuthorized, { ...fact(), ...money });
    await service.published('payment.cmd.capture.v1', paymentId);
    await service.publishAsPayment(paymentCaptured, { ...fact(), ...money });
    await service.becomes(customer, orderId, 'CONFIRMED');
    await service.publishAsPayment(paymentDeclined, { ...fact(), reason: 'impossible' });
    const letter = await service.deadLetter('order__payment-evt-declined-v1');
    expect(letter).toMatchObject({ data: { orderId, reason: 'impossible' } });
    await service.becomes(customer, orderId, 'CONFIRMED');
  });
});

describe('the history of an order', () => {
  const historyOf = async (customer: Customer, orderId: string) =>
    orderHistory.parse((await customer.send('GET', `/v1/orders/${orderId}/history`)).body).items;

  test('has each change with its cause, once, though a message comes twice', async () => {
    const { customer, orderId, paymentId, fact, money } = await placed();
    const [authorizedId, capturedId, key] = [randomUUID(), randomUUID(), randomUUID()];
    const authorized = { ...fact(), ...money };
    await service.publishAsPayment(paymentAuthorized, authorized, authorizedId);
    await service.published('payment.cmd.capture.v1', paymentId);
    await service.publishAsPayment(paymentAuthorized, authorized, authorizedId);
    await service.publishAsPayment(paymentCaptured, { ...fact(), ...money }, capturedId);
    await service.becomes(customer, orderId, 'CONFIRMED');
    await customer.post(`/v1/orders/${orderId}/cancel`, {}, key);
    await customer.post(`/v1/orders/${orderId}/cancel`, {}, key);

    const history = await historyOf(customer, orderId);
    expect(
      history.map(({ version, from, status, step, event, cause }) => ({ version, from, status, step, event, cause })),
    ).toEqual([
      {
        version: 1,
        from: null,
        status: 'PENDING_PAYMENT',
        step: 'authorize',
        event: 'order.evt.placed.v1',
        cause: { kind: 'request', name: 'POST /v1/orders', id: expect.any(String) },
      },
      {
        version: 2,
        from: 'PENDING_PAYMENT',
        status: 'AUTHORIZED',
        step: 'capture',
        event: null,
        cause: { kind: 'message', name: 'payment.evt.authorized.v1', id: authorizedId },
      },
      {
        version: 3,
        from: 'AUTHORIZED',
        status: 'CONFIRMED',
        step: null,
        event: 'order.evt.confirmed.v1',
        cause: { kind: 'message', name: 'payment.evt.captured.v1', id: capturedId },
      },
      {
        version: 4,
        from: 'CONFIRMED',
        status: 'CANCELLING',
        step: 'refund',
        event: null,
        cause: { kind: 'request', name: 'POST /v1/orders/{orderId}/cancel', id: key },
      },
    ]);
    expect(history[3]!.reason).toBe('cancelled by the customer');
  });

  test('a timer is a cause, too', async () => {
    const { customer, orderId } = await placed();
    await service.database.pool.query('UPDATE saga_timers SET due_at = now(), give_up_at = now() WHERE order_id = $1', [
      orderId,
    ]);
    await service.becomes(customer, orderId, 'CANCELLING');
    expect((await historyOf(customer, orderId)).map(({ cause }) => cause)).toEqual([
      expect.objectContaining({ kind: 'request' }),
      { kind: 'timer', name: 'payment limit', id: null },
    ]);
  });

  test('is the customer’s own: that of another customer’s order, and of none, is 404', async () => {
    const { customer, orderId } = await placed();
    const path = `/v1/orders/${orderId}/history`;
    expect((await service.customer().send('GET', path)).status).toBe(404);
    expect((await customer.send('GET', `/v1/orders/${randomUUID()}/history`)).status).toBe(404);
    expect((await customer.send('GET', '/v1/orders/7/history')).status).toBe(422);
    expect((await service.send('GET', path)).status).toBe(401);
    expect((await service.customer(randomUUID(), scopes.profile).send('GET', path)).status).toBe(403);
  });
});

describe('support', () => {
  const staff = () => service.customer(randomUUID(), ...scopesOf.support);

  test('reads the order of any customer, its history, and the orders of a customer it names', async () => {
    const { customer, orderId } = await placed();
    const support = staff();
    const own = await customer.send('GET', `/v1/orders/${orderId}`);
    expect(own.body).not.toHaveProperty('customerId');
    const order = await support.send('GET', `/v1/orders/${orderId}`);
    expect([order.status, order.body]).toEqual([200, { ...own.body, customerId: customer.id }]);
    const history = async (who: Customer) => (await who.send('GET', `/v1/orders/${orderId}/history`)).body;
    expect(await history(support)).toEqual(await history(customer));
    const list = await support.send('GET', `/v1/orders?customerId=${customer.id}`);
    expect([list.status, list.body['items']]).toEqual([200, [order.body]]);
    expect(await support.send('GET', '/v1/orders')).toMatchObject({
      status: 422,
      body: { errors: [{ path: '/customerId' }] },
    });
  });

  test('customers may name themselves, and nobody else', async () => {
    const { customer, orderId } = await placed();
    const own = await customer.send('GET', `/v1/orders?customerId=${customer.id}`);
    expect(own.body['items']).toMatchObject([{ id: orderId }]);
    const other = await service.customer().send('GET', `/v1/orders?customerId=${customer.id}`);
    expect([other.status, other.body['code']]).toEqual([404, 'NOT_FOUND']);
  });

  test('has no orders of its own, and places none', async () => {
    expect((await staff().post('/v1/orders', body())).body['code']).toBe('SCOPE_MISSING');
  });

  test('refunds a charge, once, and the customer reads by whom', async () => {
    const { customer, orderId, paymentId, fact, money } = await placed();
    await service.publishAsPayment(paymentAuthorized, { ...fact(), ...money });
    await service.becomes(customer, orderId, 'AUTHORIZED');
    await service.publishAsPayment(paymentCaptured, { ...fact(), ...money });
    await service.becomes(customer, orderId, 'CONFIRMED');
    const support = staff();
    const key = randomUUID();
    const cancel = (who = support, asked = key) =>
      who.post(`/v1/orders/${orderId}/cancel`, { reason: 'arrived broken' }, asked);
    expect((await cancel(service.customer())).status).toBe(404);
    const reader = service.customer(randomUUID(), scopes.ordersReadAny);
    expect((await cancel(reader)).body['code']).toBe('SCOPE_MISSING');
    expect(await cancel()).toMatchObject({ status: 202, body: { status: 'CANCELLING' } });
    expect((await cancel()).headers.get('idempotency-replayed')).toBe('true');
    // Another key, another person: there is one refund all the same.
    expect(await cancel(staff(), randomUUID())).toMatchObject({
      status: 202,
      body: { status: 'CANCELLING', version: 4 },
    });
    const { reason, givenReason } = orderView.parse((await customer.send('GET', `/v1/orders/${orderId}`)).body);
    expect([reason, givenReason]).toEqual(['cancelled by support', 'arrived broken']);
    const { rowCount } = await service.database.pool.query(
      `SELECT 1 FROM causeway.outbox WHERE aggregate_id = $1 AND subject = 'payment.cmd.refund.v1'`,
      [paymentId],
    );
    expect(rowCount).toBe(1);
  });
});

describe('timers of a running service', () => {
  test('a step without an answer is asked for again', async () => {
    const { orderId, paymentId } = await placed();
    const first = await service.published('payment.cmd.authorize.v2', paymentId);
    await service.database.pool.query('UPDATE saga_timers SET due_at = now() WHERE order_id = $1', [orderId]);
    const again = await service.published('payment.cmd.authorize.v2', paymentId, first.id);
    expect(again.data).toEqual(first.data);
  });
});

describe('a customer who leaves', () => {
  const statuses = async (customer: Customer, orderId: string): Promise<unknown[]> => {
    const { body: order } = await customer.send('GET', `/v1/orders/${orderId}`);
    return [order['status'], (order['shippingAddress'] as { recipient: string }).recipient];
  };

  test('is forgotten in ended orders at once, and in an open one when it ends; the message twice changes nothing', async () => {
    const { customer, orderId, fact } = await placed();
    const ended = await placed(customer);
    await service.publishAsPayment(paymentDeclined, { ...ended.fact(), reason: 'insufficient_funds' });
    await service.becomes(customer, ended.orderId, 'REJECTED');

    const [id, data] = [randomUUID(), { userId: customer.id, erasedAt: new Date().toISOString() }];
    await service.publishAsUser(userErased, data, id);
    await service.publishAsUser(userErased, data, id);
    const { pool } = service.database;
    await service.until(async () => {
      const { rowCount } = await pool.query('SELECT 1 FROM erased_customers WHERE customer_id = $1', [customer.id]);
      return rowCount === 1;
    });
    expect(await statuses(customer, ended.orderId)).toEqual(['REJECTED', '(erased)']);
    expect(await statuses(customer, orderId)).toEqual(['PENDING_PAYMENT', address.recipient]);

    await service.publishAsPayment(paymentDeclined, { ...fact(), reason: 'insufficient_funds' });
    await service.becomes(customer, orderId, 'REJECTED');
    // What the service does twice a minute.
    await forgetCustomers(poolSql(pool));
    expect(await statuses(customer, orderId)).toEqual(['REJECTED', '(erased)']);
    const { rows } = await pool.query('SELECT address_sealed FROM orders WHERE customer_id = $1', [customer.id]);
    expect(rows).toEqual([{ address_sealed: null }, { address_sealed: null }]);
  });
});
