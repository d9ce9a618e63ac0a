import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { call, Customer, Shopper } from '@causeway/demo-client';
import { startSystem, type System } from '@causeway/launcher';
import { services } from '@causeway/system';
import type { OrderView } from '@causeway/contracts';
import { eventually } from '../src/eventually.js';
import { patience } from '../src/patience.js';
import { storedMessages } from '../src/stored-messages.js';
import { ledgerOf } from '../src/system.js';
import { processTarget, type Target } from '../src/target.js';

// Who leaves is gone from every table, every stream and every log line, in the clear and encrypted.

/** Found nowhere by chance. */
const mark = (text: string): string => `${text}${randomBytes(5).toString('hex')}`;
const words = {
  email: `${mark('ada')}@example.com`,
  displayName: mark('Augusta '),
  label: mark('Label '),
  recipient: mark('Recipient '),
  line1: mark('Lane '),
  line2: mark('Floor '),
  postalCode: mark('P'),
  city: mark('City '),
  customersReason: mark('I moved to my mother '),
  unpaidReason: mark('my card was stolen by '),
  supportsReason: mark('called from her phone '),
};
const { email, displayName, customersReason, unpaidReason, supportsReason, ...parcel } = words;
const password = 'a kettle on the engine';

let folder: string;
let system: System;
let target: Target;
let support: Customer;
let customer: Shopper;
let customerId: string;
let shippingAddressId: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-erasure-'));
  const env = {
    user: patience,
    gateway: patience,
    order: { ...patience, ORDER_REDRIVE_MS: '2000', ORDER_TIMER_POLL_MS: '200' },
    payment: {
      ...patience,
      PSP_TIMEOUT_MS: '1500',
      PAYMENT_RESOLVE_SCHEDULE_MS: '300,700,1500',
      PAYMENT_POLL_MS: '100',
    },
    'psp-sandbox': { PSP_SLOW_MS: '3000' },
  };
  system = await startSystem({ folder, ports: 'any', durable: false, env });
  target = processTarget(system);
  support = await supporter();
}, 240_000);
afterAll(async () => {
  await system?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

async function supporter(): Promise<Customer> {
  const person = `${randomUUID()}@example.com`;
  await Customer.register(system.endpoints, person, password, 'Grace Hopper');
  const user = system.services.find(({ service }) => service === 'user')!;
  const { status } = await fetch(`${user.managementUrl}/governance/roles/grant`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${system.secrets.operatorToken}` },
    body: JSON.stringify({ person, role: 'support', who: 'e2e' }),
  });
  expect(status).toBe(200);
  return Customer.signIn(system.endpoints, person, password);
}

// As the launcher names them.
const databases = services.filter(({ database }) => database).map(({ name }) => name.replaceAll('-', '_'));

/** Every row of every database, every message of every stream. One line each. */
async function storedLines(): Promise<string[]> {
  const rows = await Promise.all(databases.map(async (name) => (await target.rowsOf(name)).split('\n')));
  const messages = (await storedMessages(target)).map((message) => Object.values(message).join(' '));
  return [...rows.flatMap((lines, at) => lines.map((line) => `${databases[at]} ${line}`)), ...messages];
}

const linesWith = (lines: readonly string[], texts: readonly string[]): string[] =>
  lines.filter((line) => texts.some((text) => line.toLowerCase().includes(text.toLowerCase())));

/** Everything that `FieldCipher` has encrypted. */
const sealedIn = (lines: readonly string[]): Set<string> =>
  new Set(lines.flatMap((line) => line.match(/\bv\d+\.[\w-]{38,}/g) ?? []));

const place = async (paymentMethodToken: string): Promise<OrderView> => {
  const product = (await customer.products()).find(({ available }) => available > 10)!;
  const items = [{ productId: product.id, quantity: 1 }];
  const { status, body } = await customer.placeOrder({ items, shippingAddressId, paymentMethodToken });
  expect(status).toBe(202);
  return body;
};

const cancel = async (by: Customer, { id }: OrderView, reason: string): Promise<void> => {
  const headers = { 'idempotency-key': randomUUID() };
  const { status } = await by.call(`/v1/orders/${id}/cancel`, { method: 'POST', body: { reason }, headers });
  expect(status).toBe(202);
};

test('within a minute of DELETE /v1/users/me nothing says who it was; amounts and ids stay', async () => {
  const sealedBefore = sealedIn(await storedLines());
  await Customer.register(system.endpoints, email, password, displayName);
  customer = await Shopper.signIn(system.endpoints, email, password);
  customerId = (await customer.profile()).id;
  shippingAddressId = (await customer.addAddress({ ...parcel, country: 'GB' })).id;

  const confirmed = await place('tok_success');
  const regretted = await place('tok_success');
  const refunded = await place('tok_success');
  const declined = await place('tok_declined');
  for (const { id } of [confirmed, regretted, refunded]) await customer.waitFor(id, ['CONFIRMED'], 60_000);
  await cancel(customer, regretted, customersReason);
  await cancel(support, refunded, supportsReason);
  const unpaid = await place('tok_slow');
  await cancel(customer, unpaid, unpaidReason);
  const ended = [regretted, refunded, unpaid];
  for (const { id } of ended) await customer.waitFor(id, ['CANCELLED'], 60_000);
  await customer.waitFor(declined.id, ['REJECTED'], 60_000);
  // Under way when its customer leaves.
  const open = await place('tok_slow');

  // What is looked for below is there before: the API shows it, and tables have it encrypted.
  const given = await Promise.all(ended.map(async ({ id }) => (await customer.order(id)).givenReason));
  expect(given).toEqual([customersReason, supportsReason, unpaidReason]);
  const before = await storedLines();
  const sealed = [...sealedIn(before)].filter((value) => !sealedBefore.has(value));
  expect(sealed.length).toBeGreaterThan(15); // profile, address, session, tokens; six orders, three reasons

  const { version } = await customer.profile();
  const headers = { 'if-match': `"${version}"` };
  expect((await customer.call('/v1/users/me', { method: 'DELETE', headers })).status).toBe(204);

  // The last to go, and cheap to ask for.
  await eventually(
    'the open order has ended, and is forgotten',
    async () => (await seenBySupport(open)).shippingAddress.recipient === '(erased)',
    60_000,
  );
  const traces = [...Object.values(words), ...sealed];
  await eventually(
    'nothing of the customer in any table or stream',
    async () => linesWith(await storedLines(), traces).length === 0,
    10_000,
  ).catch(async (error: unknown) => {
    const left = linesWith(await storedLines(), traces).map((line) => line.slice(0, 300));
    throw left.length > 0 ? new Error(`what is left:\n${left.join('\n')}`) : error;
  });
  const logs = (await Promise.all(target.services.map((instance) => instance.log()))).flat();
  expect(logs.length).toBeGreaterThan(10);
  expect(linesWith(logs, traces)).toEqual([]);

  await expectKept({ confirmed, regretted, refunded, unpaid, declined, open });
  // The address is free: whoever registers with it is somebody else.
  await Customer.register(system.endpoints, email, password, 'Somebody else');
  const stranger = await Customer.signIn(system.endpoints, email, password);
  expect((await stranger.call(`/v1/orders/${confirmed.id}`)).status).toBe(404);
}, 300_000);

const seenBySupport = async ({ id }: OrderView): Promise<OrderView> =>
  (await support.call<OrderView>(`/v1/orders/${id}`)).body;

/** Accounting, stock and disputes need them: orders with products, amounts, ids and our own words, and their payments. */
async function expectKept(orders: Readonly<Record<string, OrderView>>): Promise<void> {
  const statuses: Record<string, string> = {};
  for (const [name, { id, paymentId, totalMinor, lines }] of Object.entries(orders)) {
    const order = await seenBySupport(orders[name]!);
    expect(order).toMatchObject({ id, paymentId, customerId, totalMinor, lines, givenReason: null });
    expect(order.shippingAddress.recipient).toBe('(erased)');
    statuses[name] = [order.status, ...(order.reason?.split(/[;:]/, 1) ?? [])].join(' ');
    const { capturedMinor, refundedMinor } = await ledgerOf(target, paymentId);
    const taken = order.status === 'CONFIRMED' ? totalMinor : 0;
    expect([name, capturedMinor - refundedMinor]).toEqual([name, taken]);
    const { body: payment } = await support.call(`/v1/payments/${paymentId}`);
    expect(payment).toMatchObject({ id: paymentId, orderId: id, refundedMinor });
  }
  expect(statuses).toEqual({
    confirmed: 'CONFIRMED',
    regretted: 'CANCELLED cancelled by the customer',
    refunded: 'CANCELLED cancelled by support',
    unpaid: 'CANCELLED cancelled by the customer',
    declined: 'REJECTED payment declined',
    open: 'CONFIRMED',
  });
  // Where the id is, as docs/guides/data-protection.md says.
  const withId = linesWith(await storedLines(), [customerId]).map((line) => line.split(' ', 2).join(' '));
  const inStreams = /^[A-Z]+ (order|payment|user)\.(evt|cmd)\./;
  expect([...new Set(withId)].filter((place) => !inStreams.test(place)).sort()).toEqual([
    'order causeway.outbox',
    'order causeway.security_events',
    'order public.erased_customers',
    'order public.orders',
    'payment public.payments',
    'user causeway.outbox',
    'user causeway.security_events',
  ]);
  const { body: gone } = await call<{ code: string }>(system.urls.gateway, '/v1/users/me', {
    headers: { authorization: `Bearer ${customer.accessToken}` },
  });
  expect(gone.code).toBe('NOT_FOUND');
}
