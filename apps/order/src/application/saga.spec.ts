import { randomUUID } from 'node:crypto';
import { orderCancelled, orderConfirmed, orderRejected, refundPayment } from '@causeway/contracts';
import { DatabaseUnavailable, fingerprint } from '@causeway/persistence';
import { InMemoryOrders } from '../testing/in-memory-orders.js';
import { paymentOutcome, type OutcomeFields } from '../testing/payment-outcome.js';
import { cup, newOrder, products } from '../testing/fixtures.js';
import { ApplyPaymentOutcome } from './apply-payment-outcome.js';
import { CancelOrder } from './cancel-order.js';
import { DriveDueOrders } from './drive-due-orders.js';

const clock = () => new Date('2026-11-21T10:00:00Z');

/** A placed order of two cups and a kettle, and what can happen to it. */
async function placedOrder() {
  const orders = new InMemoryOrders(products);
  const request = newOrder();
  await orders.single((tx) => tx.orders.place(request));
  const { orderId, customerId } = request;
  const apply = new ApplyPaymentOutcome(orders, clock);
  const cancel = new CancelOrder(orders, fingerprint, clock);
  const drive = new DriveDueOrders(orders, orders, clock);
  let version = 0;
  return {
    orders,
    request,
    order: () => orders.state.orders[orderId]!.order,
    cups: () => orders.state.products[cup.id]!.available,
    /** Subjects sent since placing. */
    sent: () => orders.state.sent.slice(2).map(({ subject }) => subject),
    receive: (outcome: OutcomeFields, messageId: string = randomUUID()) => {
      const { order } = orders.state.orders[orderId]!;
      return apply.execute(
        { delivery: { consumer: 'c', messageId }, subject: `payment.evt.${outcome.kind}` },
        orderId,
        paymentOutcome(order, { version: ++version, ...outcome }),
      );
    },
    cancel: (idempotencyKey: string = randomUUID(), callerId = customerId, everybody = false) =>
      cancel.execute({ reach: { callerId, everybody }, orderId, idempotencyKey }),
    due: async (expired: boolean) => {
      orders.due = [{ orderId, expired }];
      const failures: unknown[] = [];
      await drive.execute(10, (_, error) => failures.push(error));
      expect(failures).toEqual([]);
    },
  };
}
const authorized = { kind: 'authorized' } as const;
const captured = { kind: 'captured' } as const;
const declined = { kind: 'declined', reason: 'no_funds' } as const;
const voided = { kind: 'voided', reason: 'asked to' } as const;

test('a refund is on record, with who asked for it; the cancellation of an unpaid order is not, unless support did it', async () => {
  const charged = await placedOrder();
  await charged.receive({ kind: 'authorized' });
  await charged.receive({ kind: 'captured' });
  await charged.cancel('key');
  await charged.cancel('key');
  expect(charged.orders.state.security).toEqual([
    {
      type: 'refund.requested',
      outcome: 'success',
      actor: charged.request.customerId,
      subject: charged.request.orderId,
      details: { by: 'customer', step: 'refund', amountMinor: charged.order().totalMinor, currency: 'EUR' },
    },
  ]);
  const unpaid = await placedOrder();
  await unpaid.cancel();
  expect(unpaid.orders.state.security).toEqual([]);
  const other = await placedOrder();
  await other.cancel('key', 'support-1', true);
  expect(other.orders.state.security).toMatchObject([{ actor: 'support-1', details: { by: 'support', step: 'void' } }]);
  expect(other.order().reason).toBe('cancelled by support');
});

test('authorized, captured: the order is confirmed and keeps its stock', async () => {
  const { receive, order, sent, cups, orders } = await placedOrder();
  await receive(authorized);
  await receive(captured);
  expect(order()).toMatchObject({ status: 'CONFIRMED', step: null, version: 3 });
  expect(sent()).toEqual(['payment.cmd.capture.v1', orderConfirmed.subject]);
  expect(cups()).toBe(98);
  expect(orders.state.timers).toEqual({});
});

test('declined twice: the stock is given back once and one rejection is published', async () => {
  const { receive, order, sent, cups } = await placedOrder();
  await receive(declined, 'the same message');
  await receive(declined, 'the same message');
  await receive(declined, 'another message');
  expect(order().status).toBe('REJECTED');
  expect(cups()).toBe(100);
  expect(sent()).toEqual([orderRejected.subject]);
});

test('cancelled before capture: void first, the stock after', async () => {
  const { receive, order, sent, cups, cancel } = await placedOrder();
  await receive(authorized);
  await cancel();
  expect([order().status, cups()]).toEqual(['CANCELLING', 98]);
  await receive(voided);
  expect([order().status, cups()]).toEqual(['CANCELLED', 100]);
  expect(sent()).toEqual(['payment.cmd.capture.v1', 'payment.cmd.void.v1', orderCancelled.subject]);
});

test('cancelled after capture: the whole total is refunded', async () => {
  const { receive, order, orders, cups, cancel } = await placedOrder();
  await receive(authorized);
  await receive(captured);
  await cancel();
  const { data } = orders.state.sent.at(-1)!;
  expect(data).toMatchObject({ amountMinor: 6_490, refundId: expect.any(String) });
  await receive({ kind: 'refunded', refundId: (data as { refundId: string }).refundId, amountMinor: 6_490 });
  expect([order().status, cups()]).toEqual(['CANCELLED', 100]);
  expect(order().reason).toMatch(/refunded 64\.90 EUR/);
});

test('the same cancellation twice is one; its first answer is replayed', async () => {
  const { cancel, sent, receive } = await placedOrder();
  const first = await cancel('key');
  await receive(voided);
  expect(await cancel('key')).toEqual({ ...first, replayed: true });
  expect(sent()).toEqual(['payment.cmd.void.v1', orderCancelled.subject]);
});

test('another customer’s order is NOT_FOUND', async () => {
  const { cancel } = await placedOrder();
  await expect(cancel('key', randomUUID())).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('authorized after the rejection: the authorization is released', async () => {
  const { receive, order, sent, cups } = await placedOrder();
  await receive(declined);
  await receive(authorized);
  expect(order()).toMatchObject({ status: 'REJECTED', step: 'void' });
  await receive(voided);
  expect(order()).toMatchObject({ status: 'REJECTED', step: null });
  expect(sent()).toEqual([orderRejected.subject, 'payment.cmd.void.v1', orderRejected.subject]);
  expect(cups()).toBe(100);
});

test('captured after the cancellation: refunded with the same refundId each time, and shown', async () => {
  const { receive, order, sent, cups, cancel, orders, due } = await placedOrder();
  await cancel();
  await receive(voided);
  await receive(captured);
  await due(false);
  const refunds = orders.state.sent.filter(({ subject }) => subject === refundPayment.subject).map(({ data }) => data);
  expect(refunds).toHaveLength(2);
  expect(refunds[0]).toEqual(refunds[1]);
  const { refundId } = refunds[0] as { refundId: string };
  await receive({ kind: 'refunded', refundId, amountMinor: 6_490 });
  expect(order()).toMatchObject({ status: 'CANCELLED', step: null, reason: expect.stringContaining(refundId) });
  expect(orders.state.sent.at(-1)).toMatchObject({ subject: orderCancelled.subject, data: { reason: order().reason } });
  expect(sent().filter((subject) => subject === orderCancelled.subject)).toHaveLength(2);
  expect(cups()).toBe(100);
});

test('a timer sends the same command again', async () => {
  const { due, orders } = await placedOrder();
  await due(false);
  const [first, again] = orders.state.sent.filter(({ subject }) => subject === 'payment.cmd.authorize.v2');
  expect(again).toEqual(first);
});

test('after the payment limit the order is voided, not declined', async () => {
  const { due, order, sent, cups, receive } = await placedOrder();
  await due(true);
  expect([order().status, order().step, cups()]).toEqual(['CANCELLING', 'void', 98]);
  await receive(voided);
  expect([order().status, cups()]).toEqual(['CANCELLED', 100]);
  expect(sent()).toEqual(['payment.cmd.void.v1', orderCancelled.subject]);
});

test('a contradicting outcome is refused and changes nothing', async () => {
  const { receive, order } = await placedOrder();
  await receive(authorized);
  await receive(captured);
  const before = order();
  await expect(receive(declined)).rejects.toMatchObject({ code: 'ORDER_TRANSITION_ILLEGAL', retryable: false });
  expect(order()).toEqual(before);
});

test('an outcome for an unknown order is refused', async () => {
  const { orders, order } = await placedOrder();
  const apply = new ApplyPaymentOutcome(orders, clock);
  const outcome = paymentOutcome(order(), { kind: 'authorized', version: 1 });
  const message = { delivery: { consumer: 'c', messageId: 'm' }, subject: 'payment.evt.authorized.v1' };
  await expect(apply.execute(message, randomUUID(), outcome)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    retryable: false,
  });
});

test.each<[string, string, OutcomeFields]>([
  ['another payment', 'PAYMENT_MISMATCH', { kind: 'authorized', paymentId: randomUUID() }],
  ['another amount', 'PAYMENT_MISMATCH', { kind: 'authorized', amountMinor: 1 }],
  ['another currency', 'PAYMENT_MISMATCH', { kind: 'authorized', currency: 'USD' }],
  ['a capture before the authorization', 'ORDER_TRANSITION_ILLEGAL', { kind: 'captured' }],
  ['a refused capture before the authorization', 'ORDER_TRANSITION_ILLEGAL', { kind: 'captureFailed' }],
])('%s is %s: nothing is stored or sent, and the truth is applied afterwards', async (_, code, lie) => {
  const { receive, order, orders, sent } = await placedOrder();
  const before = structuredClone(orders.state);
  await expect(receive(lie, 'lie')).rejects.toMatchObject({ code, retryable: false });
  expect(orders.state).toEqual(before);
  await receive(authorized);
  await receive(captured);
  expect(order().status).toBe('CONFIRMED');
  expect(sent()).toEqual(['payment.cmd.capture.v1', orderConfirmed.subject]);
});

test('a timer that was claimed while the database went away is given back, any other failure waits for its time', async () => {
  const { orders, request } = await placedOrder();
  const { orderId } = request;
  const failing = (error: Error) =>
    new Proxy(orders, {
      get: (target, name) =>
        name === 'run' ? () => Promise.reject(error) : (Reflect.get(target, name, target) as unknown),
    });
  for (const [error, expected] of [
    [new DatabaseUnavailable(), [orderId]],
    [new Error('a defect'), []],
  ] as const) {
    orders.madeDueNow.length = 0;
    const drive = new DriveDueOrders(failing(error), orders, clock);
    orders.due = [{ orderId, expired: false }];
    await drive.execute(10, () => undefined);
    await drive.execute(10, () => undefined);
    expect(orders.madeDueNow).toEqual(expected);
  }
});
