import { randomUUID } from 'node:crypto';
import { orderView, paymentAuthorized, paymentCaptured, paymentDeclined } from '@causeway/contracts';
import { exportMetrics, type ExportedMetrics } from '@causeway/telemetry/testing';
import { knownAddress, OrderService } from '../src/testing/order-service.js';

let metrics: ExportedMetrics;
let service: OrderService;
beforeAll(async () => {
  metrics = await exportMetrics();
  service = await OrderService.start({ ORDER_TIMER_POLL_MS: '50' });
});
afterAll(async () => {
  await service?.stop();
  await metrics?.stop();
});

const customer = () => service.customer();
async function place(by = customer(), key: string = randomUUID()) {
  const body = {
    items: [{ productId: '01939f00-0000-7000-8000-000000000001', quantity: 1 }],
    shippingAddressId: knownAddress,
    paymentMethodToken: 'tok_success',
  };
  const { id: orderId, paymentId } = orderView.parse((await by.post('/v1/orders', body, key)).body);
  let version = 1;
  const fact = () => ({ orderId, paymentId, version: ++version, occurredAt: new Date().toISOString() });
  return { by, orderId, paymentId, fact, money: { amountMinor: 5_990, currency: 'EUR' } };
}
const counted = async (state: string, outcome: string) =>
  (await metrics.value('order_orders_total', { state, outcome })) ?? 0;
async function until(look: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 10_000; !(await look());) {
    if (performance.now() > end) throw new Error('not seen within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('each order is counted once in each state that it reaches, by what brought it there', async () => {
  const by = customer();
  const key = randomUUID();
  const first = await place(by, key);
  await place(by, key);
  expect(await counted('PENDING_PAYMENT', 'placed')).toBe(1);

  const authorized = { ...first.fact(), ...first.money };
  const id = randomUUID();
  await service.publishAsPayment(paymentAuthorized, authorized, id);
  await service.publishAsPayment(paymentAuthorized, authorized, id);
  await service.publishAsPayment(paymentAuthorized, authorized);
  await service.published('payment.cmd.capture.v1', first.paymentId);
  await service.publishAsPayment(paymentCaptured, { ...first.fact(), ...first.money });
  await until(async () => (await counted('CONFIRMED', 'captured')) === 1);
  expect(await counted('AUTHORIZED', 'authorized')).toBe(1);
  expect(await metrics.value('order_confirmation_duration_count')).toBe(1);
  const seconds = await metrics.value('order_confirmation_duration_sum');
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThan(60);
  await until(async () => (await metrics.value('messaging_inbox_duplicates_total')) === 1);

  await first.by.post(`/v1/orders/${first.orderId}/cancel`, {});
  expect(await counted('CANCELLING', 'customer')).toBe(1);

  const second = await place();
  await service.publishAsPayment(paymentDeclined, { ...second.fact(), reason: 'insufficient_funds' });
  await until(async () => (await counted('REJECTED', 'declined')) === 1);
  expect(await metrics.value('order_confirmation_duration_count')).toBe(1);
});

test('orders that wait for their payment show by state, with how long the oldest has waited; one that waited too long is given up', async () => {
  const { by, orderId } = await place();
  await service.database.pool.query("UPDATE orders SET updated_at = now() - interval '90 seconds' WHERE id = $1", [
    orderId,
  ]);
  const waiting = { state: 'PENDING_PAYMENT' };
  await until(async () => ((await metrics.value('order_saga_oldest_age', waiting)) ?? 0) >= 90);
  expect(await metrics.value('order_saga_open', waiting)).toBe(1);
  expect(await metrics.value('order_saga_open', { state: 'AUTHORIZED' })).toBe(0);

  const before = await counted('CANCELLING', 'payment_limit');
  await service.database.pool.query('UPDATE saga_timers SET due_at = now(), give_up_at = now() WHERE order_id = $1', [
    orderId,
  ]);
  await service.becomes(by, orderId, 'CANCELLING');
  await until(async () => (await counted('CANCELLING', 'payment_limit')) === before + 1);
  await until(async () => (await metrics.value('order_saga_open', waiting)) === 0);
  expect(await metrics.value('order_saga_oldest_age', waiting)).toBe(0);
});
