import { randomUUID } from 'node:crypto';
import type { OrderView, PaymentView, ProductView } from '@causeway/contracts';
import { collectTrace } from './collect-trace.js';
import { expectStatus, type Endpoints } from './customer.js';
import { meetCustomer, patienceOf, type DemoCustomer, type DemoOptions, type DemoOutcome } from './demo.js';
import { Shopper } from './shopper.js';
import { waterfall } from './waterfall.js';

export interface DemoOrder {
  readonly order: OrderView;
  readonly payment: PaymentView;
  readonly traceId: string;
  /** Until the 202, milliseconds. */
  readonly acceptedMs: number;
  /** Until the final state was read, milliseconds. */
  readonly settledMs: number;
  /** The same moment as `performance.now()`: milliseconds since this process started. */
  readonly settledAtMs: number;
}

/**
 * A new customer registers, signs in, and orders twice: with a card that works and with one that is declined.
 * @returns the confirmed order
 * @throws when a step ends otherwise; the message names the step and shows the response.
 */
export async function runShopDemo(endpoints: Endpoints, options: DemoOptions): Promise<DemoOrder> {
  return shop(await meetCustomer(endpoints, options), options);
}

/** As a step of the demo: see {@link shop}. */
export async function placeOrders(met: DemoCustomer, options: DemoOptions): Promise<DemoOutcome> {
  const { order, settledAtMs } = await shop(met, options);
  return { text: `order ${order.id} is CONFIRMED and paid`, atMs: settledAtMs };
}

async function shop({ customer: met, address }: DemoCustomer, options: DemoOptions): Promise<DemoOrder> {
  const { say } = options;
  const customer = Shopper.of(met);
  const products = await patienceOf(options)(() => customer.products());
  say('');
  say(`  products     ${products.length}, from ${cheapest(products)}`);
  const product = products.find(({ available }) => available >= 4);
  if (!product) throw new Error('no product has four pieces in stock; start over with fresh data');

  const place = (paymentMethodToken: string, expected: OrderView['status']): Promise<DemoOrder> =>
    placeAndFollow(customer, { product, shippingAddressId: address.id, paymentMethodToken }, expected, options);
  const confirmed = await place('tok_success', 'CONFIRMED');
  await show(confirmed, 'An order with a card that works', options);
  await show(await place('tok_declined', 'REJECTED'), 'The same with a card that is declined', options);
  return confirmed;
}

async function placeAndFollow(
  customer: Shopper,
  { product, ...rest }: { product: ProductView; shippingAddressId: string; paymentMethodToken: string },
  expected: OrderView['status'],
  options: DemoOptions,
): Promise<DemoOrder> {
  const patient = patienceOf(options);
  const begun = performance.now();
  const key = randomUUID();
  const body = { items: [{ productId: product.id, quantity: 2 }], ...rest };
  const accepted = await patient(async () =>
    expectStatus('POST /v1/orders', await customer.placeOrder(body, key), 202),
  );
  const { id } = accepted.body;
  const order = await patient(() => customer.waitFor(id, ['CONFIRMED', 'REJECTED', 'CANCELLED'], options.settleMs));
  const settledAtMs = performance.now();
  if (order.status !== expected)
    throw new Error(`order ${order.id} ended ${order.status} (${order.reason}), expected ${expected}`);
  const payment = await patient(() => customer.payment(order.paymentId));
  return {
    order,
    payment,
    traceId: accepted.traceId,
    acceptedMs: accepted.ms,
    settledMs: settledAtMs - begun,
    settledAtMs,
  };
}

async function show(result: DemoOrder, title: string, { say, trace }: DemoOptions): Promise<void> {
  const { order, payment, traceId, acceptedMs, settledMs } = result;
  const [line] = order.lines;
  say('');
  say(title);
  say(`  order        ${order.id}  ${order.status}${order.reason ? ` (${order.reason})` : ''}`);
  say(`               ${line?.quantity} × ${line?.name}, ${money(order.totalMinor, order.currency)}`);
  say(`  payment      ${payment.id}  ${payment.status}${payment.declineReason ? ` (${payment.declineReason})` : ''}`);
  say(`  took         ${acceptedMs.toFixed(0)} ms until accepted, ${settledMs.toFixed(0)} ms until ${order.status}`);
  if (!trace) return;
  const spans = await collectTrace(trace, traceId);
  const services = new Set(spans.map(({ service }) => service));
  say(`  trace        ${traceId}: ${spans.length} spans in ${services.size} services`);
  for (const row of waterfall(spans)) say(`    ${row}`);
}

const money = (minor: number, currency: string): string => `${(minor / 100).toFixed(2)} ${currency}`;

function cheapest(products: readonly ProductView[]): string {
  const [first] = products.toSorted((a, b) => a.priceMinor - b.priceMinor);
  return first ? money(first.priceMinor, first.currency) : '-';
}
