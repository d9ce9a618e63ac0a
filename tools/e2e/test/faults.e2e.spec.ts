import { authorizePayment, type Envelope } from '@causeway/contracts';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { call, Shopper } from '@causeway/demo-client';
import type { ServiceName } from '@causeway/system';
import type { OrderHistory, OrderView, ProductView } from '@causeway/contracts';
import { eventually } from '../src/eventually.js';
import { Final } from '../src/eventually.js';
import { storedMessages } from '../src/stored-messages.js';
import { instancesOf, ledgerOf, newKey, useSystem } from '../src/system.js';
import type { Target } from '../src/target.js';

const running = useSystem();
let system: Target;
let customer: Shopper;
let addressId: string;
let products: readonly ProductView[];

beforeAll(async () => {
  system = running.system;
  customer = await Shopper.create(system.endpoints);
  addressId = (await customer.addAddress()).id;
  products = (await customer.products()).filter(({ available }) => available >= 20);
});

const order = (index: number) => ({
  items: [{ productId: products[index % products.length]!.id, quantity: 1 }],
  shippingAddressId: addressId,
  paymentMethodToken: ['tok_success', 'tok_success', 'tok_declined', 'tok_charged_then_dropped', 'tok_success'][
    index % 5
  ]!,
});

/** Places an order as a patient client does: the same key until there is an answer that is not "try again". */
async function placePatiently(index: number): Promise<OrderView> {
  const key = newKey();
  return eventually(`order ${index} accepted`, async () => {
    const { status, body } = await customer.placeOrder(order(index), key);
    if (status === 202) return body;
    const { code } = body as unknown as { code?: string };
    if (status < 500 && code !== 'IDEMPOTENCY_KEY_IN_FLIGHT') throw new Final(`${status} ${JSON.stringify(body)}`);
    return false;
  });
}

/** The state of the order says what happened to the money; the provider's ledger must say the same. */
async function expectLedgerAgrees({ status, paymentId, totalMinor }: OrderView): Promise<void> {
  const ledger = await ledgerOf(system, paymentId);
  const held = ledger.authorizedMinor - ledger.voidedMinor - ledger.capturedMinor;
  const taken = ledger.capturedMinor - ledger.refundedMinor;
  expect({ paymentId, status, charges: Math.min(ledger.charges, 1), held, taken }).toEqual({
    paymentId,
    status,
    charges: ledger.charges, // never two
    held: 0,
    taken: status === 'CONFIRMED' ? totalMinor : 0,
  });
}

/** Whatever died in between: each version of the order is in its history once, and follows from the one before. */
async function expectHistoryComplete({ id, status, version }: OrderView): Promise<void> {
  const { items } = (await customer.call<OrderHistory>(`/v1/orders/${id}/history`)).body;
  expect(items.map((change) => change.version)).toEqual(Array.from({ length: version }, (_, at) => at + 1));
  expect(items.map(({ from }) => from)).toEqual([null, ...items.slice(0, -1).map((change) => change.status)]);
  expect(items.at(-1)!.status).toBe(status);
  expect(new Set(items.map(({ cause }) => cause.id)).size).toBe(items.length);
}

const terminal: OrderView['status'][] = ['CONFIRMED', 'REJECTED', 'CANCELLED'];

test.each<ServiceName>(['order', 'payment', 'psp-sandbox', 'user', 'gateway'])(
  '%s killed and restarted in the middle of 50 orders: all end, the ledger agrees, and no change is missing from their history',
  async (name) => {
    const placing: Promise<OrderView>[] = [];
    for (let index = 0; index < 50; index += 1) {
      placing.push(placePatiently(index));
      if (index === 15) {
        const [instance] = instancesOf(system, name);
        placing.push(instance!.kill().then(() => instance!.start()) as Promise<never>);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const placed = (await Promise.all(placing)).filter(Boolean);
    expect(placed).toHaveLength(50);
    expect(new Set(placed.map(({ id }) => id)).size).toBe(50);
    for (const { id } of placed) {
      const ended = await eventually(`order ${id} ended`, () => customer.waitFor(id, terminal, 60_000), 60_000);
      await expectLedgerAgrees(ended);
      await expectHistoryComplete(ended);
    }
  },
  180_000,
);

test('without PostgreSQL a request gets 503 with Retry-After, and the system recovers by itself', async () => {
  await system.postgres.kill();
  const refused = await customer.call('/v1/orders').finally(() => system.postgres.restart());
  expect([refused.status, refused.body]).toMatchObject([503, { code: 'DATABASE_UNAVAILABLE' }]);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  const { id } = await placePatiently(0);
  await expectLedgerAgrees(await customer.waitFor(id, terminal, 60_000));
}, 90_000);

test('without NATS placing an order gets 503 with Retry-After, reading works, and the system recovers by itself', async () => {
  await system.nats.kill();
  const [refused, read] = await Promise.all([
    customer.placeOrder(order(0)),
    call(system.urls.gateway, '/v1/products'),
  ]).finally(() => system.nats.restart());
  expect([refused.status, read.status]).toEqual([503, 200]);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  const { id } = await placePatiently(0);
  await expectLedgerAgrees(await customer.waitFor(id, terminal, 60_000));
}, 90_000);

test('a message that is not JSON, or fails its schema, goes to the dead letters and the next one is handled', async () => {
  // Each with what it may do: only payment publishes the event, only order the command, and neither looks into the dead
  // letters.
  const [asPayment, asOrder, operator] = await Promise.all([
    system.connectNats('payment'),
    system.connectNats('order'),
    system.connectNats('provisioner'),
  ]);
  try {
    const manager = await jetstreamManager(operator);
    const deadLetters = async () => (await manager.streams.info('DLQ', { subjects_filter: '>' })).state.messages;
    const before = await deadLetters();
    await jetstream(asPayment).publish('payment.evt.authorized.v1', 'this is no JSON');
    await jetstream(asOrder).publish(
      'payment.cmd.authorize.v2',
      JSON.stringify({ specversion: '1.0', id: newKey(), data: { amountMinor: 'much' } }),
    );
    const { id } = await placePatiently(0);
    await customer.waitFor(id, ['CONFIRMED']);
    await eventually('two dead letters', async () => (await deadLetters()) === before + 2);
  } finally {
    await Promise.all([asPayment, asOrder, operator].map((connection) => connection.close()));
  }
});

test('a forged outcome of a payment, sent with the rights of payment, is not believed; the true one still confirms', async () => {
  const [asPayment, operator] = await Promise.all([system.connectNats('payment'), system.connectNats('provisioner')]);
  try {
    const manager = await jetstreamManager(operator);
    const deadLetters = async (event: string) => {
      const about = `dlq.order__payment-evt-${event}-v1`;
      return (await manager.streams.info('DLQ', { subjects_filter: about })).state.subjects?.[about] ?? 0;
    };
    const forge = async (
      event: string,
      { id: orderId, paymentId, totalMinor, currency }: OrderView,
      amountMinor = totalMinor,
    ) => {
      const [before, type, time] = [await deadLetters(event), `payment.evt.${event}.v1`, new Date().toISOString()];
      const data = { orderId, paymentId, version: 9, occurredAt: time, amountMinor, currency };
      const envelope = {
        specversion: '1.0',
        id: newKey(),
        type,
        source: '/causeway/payment',
        subject: paymentId,
        time,
        datacontenttype: 'application/json',
        dataschema: `urn:causeway:schema:${type}`,
        data,
      };
      await jetstream(asPayment).publish(type, JSON.stringify(envelope));
      await eventually(`a dead letter of ${event}`, async () => (await deadLetters(event)) === before + 1);
    };
    // The provider takes seconds to authorise: meanwhile nothing is authorised, and nothing captured.
    const { status, body } = await customer.placeOrder({ ...order(0), paymentMethodToken: 'tok_slow' });
    expect(status).toBe(202);
    await forge('captured', body);
    await forge('authorized', body, body.totalMinor - 1);
    expect((await customer.order(body.id)).status).toBe('PENDING_PAYMENT');
    const confirmed = await customer.waitFor(body.id, terminal, 60_000);
    expect(confirmed.status).toBe('CONFIRMED');
    await expectLedgerAgrees(confirmed);
  } finally {
    await Promise.all([asPayment, operator].map((connection) => connection.close()));
  }
}, 90_000);

test('an instance that is stopped finishes what it has begun', async () => {
  const [gateway] = instancesOf(system, 'gateway');
  const [orders] = instancesOf(system, 'order');
  const requests = Array.from({ length: 20 }, (_, index) => customer.placeOrder(order(index)));
  const exit = await orders!.stop();
  expect(exit).toMatchObject({ code: 0 });
  const answers = await Promise.all(requests);
  await orders!.start();
  expect(await gateway!.isRunning()).toBe(true);
  for (const { status } of answers) expect([202, 503]).toContain(status);
  for (const { status, body } of answers) if (status === 202) await customer.waitFor(body.id, terminal, 60_000);
}, 90_000);

test('after all that, no card token is readable in any table, stream, dead letter or log line', async () => {
  const { id, paymentId } = await placePatiently(0);
  await customer.waitFor(id, terminal, 60_000);
  const { subject } = authorizePayment;
  const asOrder = await system.connectNats('order');
  try {
    // The command again with another amount: a dead letter that carries the token.
    const commands = (await storedMessages(system)).filter((message) => message.subject === subject);
    const envelope = JSON.parse(commands.find(({ body }) => body.includes(paymentId))!.body) as Envelope<{
      amountMinor: number;
    }>;
    envelope.data.amountMinor += 1;
    await jetstream(asOrder).publish(subject, JSON.stringify({ ...envelope, id: newKey() }));
  } finally {
    await asOrder.close();
  }
  const messages = await eventually('the dead letter', async () => {
    const stored = await storedMessages(system);
    return stored.some(({ stream, body }) => stream === 'DLQ' && body.includes(paymentId)) && stored;
  });
  // The database of the provider is not ours: it is an external system.
  const tables = (await Promise.all(['user', 'order', 'payment'].map((name) => system.rowsOf(name)))).join('\n');
  const logs = (await Promise.all(system.services.map((instance) => instance.log()))).flat().join('\n');
  const texts = [messages.map((message) => Object.values(message).join(' ')).join('\n'), tables, logs];
  const readable = texts.flatMap((text) => text.split('\n')).filter((line) => /tok_[a-z]/.test(line));
  expect(readable.map((line) => line.slice(0, 300))).toEqual([]);
  expect([texts[0], tables].map((text) => /sealedCardToken\W+eyJ/.test(text!))).toEqual([true, true]);
}, 90_000);
