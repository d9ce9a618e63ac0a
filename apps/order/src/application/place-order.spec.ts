import { randomUUID } from 'node:crypto';
import type { PostalAddress } from '@causeway/contracts';
import { fingerprint } from '@causeway/persistence';
import { InMemoryOrders } from '../testing/in-memory-orders.js';
import { address, cup, kettle, lastOne, products } from '../testing/fixtures.js';
import { PlaceOrder } from './place-order.js';

const customerId = randomUUID();
const body = (productId = kettle.id, quantity = 1) => ({
  items: [{ productId, quantity }],
  shippingAddressId: randomUUID(),
  paymentMethodToken: 'tok_success',
});

/** Stands for the seal: readable, and of its form. */
const seal = async (token: string, paymentId: string) => `${token}..${paymentId}.c.t`;

function setUp(find: () => Promise<PostalAddress | undefined> = async () => address) {
  const orders = new InMemoryOrders(products);
  const book = { find };
  return { orders, book, placeOrder: new PlaceOrder(orders, book, seal, randomUUID, fingerprint) };
}

test('an order is placed with the address that the user service knows', async () => {
  const { orders, placeOrder } = setUp();
  const { order, replayed } = await placeOrder.execute({ customerId, idempotencyKey: 'k', body: body() });
  expect(replayed).toBe(false);
  expect(order).toMatchObject({ status: 'PENDING_PAYMENT', totalMinor: 5_990, shippingAddress: address });
  expect(orders.state.sent.map(({ subject }) => subject)).toEqual(['order.evt.placed.v1', 'payment.cmd.authorize.v2']);
  // Sealed for the payment of the command.
  const { paymentId } = order;
  expect(orders.state.sent[1]!.data).toMatchObject({
    paymentId,
    sealedCardToken: await seal('tok_success', paymentId),
  });
});

test('an unknown address is ADDRESS_UNKNOWN and nothing is reserved', async () => {
  const { orders, placeOrder } = setUp(async () => undefined);
  await expect(placeOrder.execute({ customerId, idempotencyKey: 'k', body: body() })).rejects.toMatchObject({
    code: 'ADDRESS_UNKNOWN',
  });
  expect(orders.state.products[kettle.id]!.available).toBe(10);
});

test('an order that was placed is answered again while the user service is down', async () => {
  const { book, placeOrder } = setUp();
  const request = { customerId, idempotencyKey: 'k', body: body() };
  const first = await placeOrder.execute(request);
  book.find = async () => Promise.reject(new Error('down'));
  expect(await placeOrder.execute(request)).toEqual({ ...first, replayed: true });
  await expect(placeOrder.execute({ ...request, idempotencyKey: 'other' })).rejects.toThrow('down');
});

test('refusals carry the place in the request that is wrong', async () => {
  const { placeOrder } = setUp();
  const attempt = (items: { productId: string; quantity: number }[]) =>
    placeOrder.execute({ customerId, idempotencyKey: randomUUID(), body: { ...body(), items } });
  await expect(attempt([{ productId: randomUUID(), quantity: 1 }])).rejects.toMatchObject({
    code: 'PRODUCT_UNKNOWN',
    violations: [{ path: '/items/0/productId' }],
  });
  await expect(attempt([{ productId: lastOne.id, quantity: 2 }])).rejects.toMatchObject({
    code: 'OUT_OF_STOCK',
    violations: [{ path: '/items/0/quantity', message: 'only 1 available' }],
  });
});

test('a product that appears twice, once in capitals, is VALIDATION_FAILED', async () => {
  const { placeOrder } = setUp();
  const items = [cup.id, cup.id.toUpperCase()].map((productId) => ({ productId, quantity: 1 }));
  await expect(
    placeOrder.execute({ customerId, idempotencyKey: 'k', body: { ...body(), items } }),
  ).rejects.toMatchObject({
    code: 'VALIDATION_FAILED',
    violations: [{ path: '/items/1/productId' }],
  });
});

test('the same key with another body is IDEMPOTENCY_KEY_REUSED', async () => {
  const { placeOrder } = setUp();
  await placeOrder.execute({ customerId, idempotencyKey: 'k', body: body() });
  await expect(placeOrder.execute({ customerId, idempotencyKey: 'k', body: body(cup.id) })).rejects.toMatchObject({
    code: 'IDEMPOTENCY_KEY_REUSED',
  });
});
