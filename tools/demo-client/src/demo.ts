import { randomUUID } from 'node:crypto';
import type { OrderView, PaymentView, ProductView } from '@causeway/contracts';
import { Customer, expectStatus, type Endpoints } from './customer.js';
import { patiently } from './patience.js';
import type { TraceSpan } from './trace-receiver.js';
import { waterfall } from './waterfall.js';

export interface DemoOptions {
  /** Receives the story, a line at a time. */
  readonly say: (line: string) => void;
  /** Returns the spans of a trace so far. Without it the demo shows no traces. */
  readonly trace?: (traceId: string) => readonly TraceSpan[];
  /** Time for an order to reach its final state, milliseconds. Default 30 000. */
  readonly settleMs?: number;
  /** How long a step is repeated that is answered late or not at all, milliseconds. Default 60 000. */
  readonly patienceMs?: number;
}

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
export async function runDemo(endpoints: Endpoints, options: DemoOptions): Promise<DemoOrder> {
  const { say } = options;
  const patient = patienceOf(options);
  const lap = stopwatch();
  const email = `ada-${Date.now().toString(36)}@example.com`;
  const password = 'correct horse battery staple';
  const [registration, addition] = [randomUUID(), randomUUID()];
  await patient(() => Customer.register(endpoints, email, password, 'Ada Lovelace', registration));
  say(`  registered   ${email} ${lap()}`);
  const customer = await patient(() => Customer.signIn(endpoints, email, password));
  say(`  signed in    authorization code + PKCE ${lap()}`);
  const address = await patient(() => customer.addAddress(addition));
  say(`  address      ${address.line1}, ${address.city} ${lap()}`);
  const products = await patient(() => customer.products());
  say(`  products     ${products.length}, from ${cheapest(products)} ${lap()}`);
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
  customer: Customer,
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

const patienceOf =
  ({ patienceMs = 60_000, say }: DemoOptions) =>
  <T>(step: () => Promise<T>): Promise<T> =>
    patiently(step, { withinMs: patienceMs, say });

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

/**
 * Waits until a trace has had no new span for a second; services export every half second.
 * @param withinMs Longest wait, milliseconds. Default 5 000.
 */
export async function collectTrace(
  trace: (traceId: string) => readonly TraceSpan[],
  traceId: string,
  withinMs = 5_000,
): Promise<readonly TraceSpan[]> {
  const limitAt = performance.now() + withinMs;
  let [count, since] = [0, performance.now()];
  for (;;) {
    const spans = trace(traceId);
    const now = performance.now();
    if (spans.length !== count) [count, since] = [spans.length, now];
    if ((count > 0 && now - since > 1_000) || now > limitAt) return spans;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const money = (minor: number, currency: string): string => `${(minor / 100).toFixed(2)} ${currency}`;

function cheapest(products: readonly ProductView[]): string {
  const [first] = products.toSorted((a, b) => a.priceMinor - b.priceMinor);
  return first ? money(first.priceMinor, first.currency) : '-';
}

/** Returns a function that says how long it is since its last call: `(12 ms)`. */
function stopwatch(): () => string {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const text = `(${(now - last).toFixed(0)} ms)`;
    last = now;
    return text;
  };
}
