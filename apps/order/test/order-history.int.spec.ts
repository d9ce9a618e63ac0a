import { randomUUID } from 'node:crypto';
import { loadSettings } from '@causeway/config';
import { poolSql } from '@causeway/persistence';
import { currentTraceId, inSpan, startTelemetry, telemetrySettings, type Telemetry } from '@causeway/telemetry';
import { purgeOrderEvents } from '../src/adapters/persistence/purge-order-events.js';
import { ApplyPaymentOutcome } from '../src/application/apply-payment-outcome.js';
import { openOrderDatabase, type OrderDatabase } from '../src/testing/database.js';
import { cup, newOrder } from '../src/testing/fixtures.js';
import { paymentOutcome, type OutcomeFields } from '../src/testing/payment-outcome.js';

let store: OrderDatabase;
let telemetry: Telemetry;
let apply: ApplyPaymentOutcome;

beforeAll(async () => {
  const settings = loadSettings(telemetrySettings, {});
  telemetry = await startTelemetry({ service: 'order', version: '1.0.0', instanceId: 'order-1', settings });
  store = await openOrderDatabase();
  apply = new ApplyPaymentOutcome(store.uow, () => new Date());
});
afterAll(async () => {
  await store.database.drop();
  await telemetry.shutdown();
});

async function placed() {
  const request = newOrder({ items: [{ productId: cup.id, quantity: 1 }] });
  await store.uow.single((tx) => tx.orders.place(request));
  const { orderId, paymentId } = request;
  const order = { paymentId, currency: 'EUR', totalMinor: 250 };
  return {
    orderId,
    /** As `messaging` delivers it: units of different orders share a transaction. */
    receive: (messageId: string, outcome: OutcomeFields & { version: number }) =>
      apply.execute(
        { delivery: { consumer: 'c', messageId, aggregate: orderId }, subject: `payment.evt.${outcome.kind}.v1` },
        orderId,
        paymentOutcome(order, outcome),
      ),
    causes: async () => (await store.history(orderId)).map(({ cause: { kind, id } }) => `${kind} ${id}`).slice(1),
  };
}
const authorized = { kind: 'authorized', version: 2 } as const;

test('the same message many times at once, and once more, is one entry', async () => {
  const { receive, causes } = await placed();
  const message = randomUUID();
  await Promise.all(Array.from({ length: 5 }, () => receive(message, authorized)));
  await receive(message, authorized);
  await receive(randomUUID(), authorized);
  expect(await causes()).toEqual([`message ${message}`]);
});

test('an entry is rolled back with the change: of a shared transaction, only those remain that succeeded alone', async () => {
  const orders = await Promise.all(Array.from({ length: 6 }, placed));
  const messages = orders.map(() => randomUUID());
  // The captures contradict their orders and roll back the transaction that all share.
  const results = await Promise.allSettled(
    orders.map(({ receive }, at) =>
      receive(messages[at]!, at % 3 === 2 ? { kind: 'captured', version: 2 } : authorized),
    ),
  );
  expect(results.map(({ status }) => status === 'rejected')).toEqual([false, false, true, false, false, true]);
  for (const [at, { causes }] of orders.entries())
    expect(await causes()).toEqual(at % 3 === 2 ? [] : [`message ${messages[at]}`]);
});

test('a change that fails after it was saved leaves no entry', async () => {
  const { orderId, receive } = await placed();
  // Sending the next command fails, in the same packet as the save.
  await store.query('ALTER TABLE causeway.outbox RENAME TO outbox_away');
  try {
    await expect(receive(randomUUID(), authorized)).rejects.toThrow('outbox');
  } finally {
    await store.query('ALTER TABLE causeway.outbox_away RENAME TO outbox');
  }
  expect(await store.history(orderId)).toHaveLength(1);
  await receive(randomUUID(), authorized);
  expect(await store.history(orderId)).toHaveLength(2);
});

test('each entry has the trace in which its order changed, also in a shared transaction', async () => {
  const traced = async <T>(work: () => Promise<T>) =>
    inSpan('work', {}, async () => ({ traceId: currentTraceId(), result: await work() }));
  const orders = await Promise.all(Array.from({ length: 4 }, () => traced(placed)));
  const changes = await Promise.all(
    orders.map(({ result: { receive } }) => traced(() => receive(randomUUID(), authorized))),
  );
  for (const [at, { result, traceId }] of orders.entries()) {
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    const traces = (await store.history(result.orderId)).map((entry) => entry.traceId);
    expect(traces).toEqual([traceId, changes[at]!.traceId]);
  }
});

test('housekeeping deletes what happened more than a year ago; the order and the rest of its past stay', async () => {
  const { orderId, receive } = await placed();
  await receive(randomUUID(), authorized);
  await store.query(
    `UPDATE order_events SET occurred_at = now() - interval '366 days' WHERE order_id = $1 AND version = 1`,
    [orderId],
  );
  expect(await purgeOrderEvents(poolSql(store.database.pool))).toBe(1);
  expect((await store.history(orderId)).map(({ version }) => version)).toEqual([2]);
  expect(await store.query('SELECT 1 FROM orders WHERE id = $1', [orderId])).toHaveLength(1);
});
