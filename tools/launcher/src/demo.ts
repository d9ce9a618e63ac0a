import type { OrderView, PaymentView, ProductView } from '@causeway/contracts';
import { Customer, expect } from './customer.js';
import type { System } from './system.js';
import type { TraceSpan } from './trace-sink.js';
import { waterfall } from './waterfall.js';

export interface DemoOrder {
  readonly order: OrderView;
  readonly payment: PaymentView;
  readonly traceId: string;
  /** Until the 202, milliseconds. */
  readonly acceptedMs: number;
  /** Until the final state was read, milliseconds. */
  readonly settledMs: number;
  /** The same moment on the clock of `performance.now()`: since this process was started. */
  readonly settledAtMs: number;
}

export interface DemoResult {
  readonly confirmed: DemoOrder;
  readonly rejected: DemoOrder;
}

/**
 * A new customer registers, signs in, and orders twice: with a card that works and with one that is declined.
 * @param say Told the story, a line at a time.
 * @throws when a step does not end as it should; the message names the step and shows the answer.
 */
export async function runDemo(
  system: Pick<System, 'urls' | 'oidc' | 'trace'>,
  say: (line: string) => void,
): Promise<DemoResult> {
  const door = { gateway: system.urls.gateway, oidc: system.oidc };
  const timed = stopwatch();
  const email = `ada-${Date.now().toString(36)}@example.com`;
  const password = 'correct horse battery staple';
  await Customer.register(door, email, password, 'Ada Lovelace');
  say(`  registered   ${email} ${timed()}`);
  const customer = await Customer.signIn(door, email, password);
  say(`  signed in    authorization code + PKCE ${timed()}`);
  const address = await customer.addAddress();
  say(`  address      ${address.line1}, ${address.city} ${timed()}`);
  const products = await customer.products();
  say(`  products     ${products.length}, from ${cheapest(products)} ${timed()}`);
  const chosen = pickTwo(products);

  const confirmed = await placeAndFollow(customer, chosen, address.id, 'tok_success', 'CONFIRMED');
  await tell(system, say, 'An order with a card that works', confirmed);
  const rejected = await placeAndFollow(customer, chosen, address.id, 'tok_declined', 'REJECTED');
  await tell(system, say, 'The same with a card that is declined', rejected);
  return { confirmed, rejected };
}

/** The first product there is enough of. */
function pickTwo(products: readonly ProductView[]): ProductView {
  const product = products.find(({ available }) => available >= 4);
  if (!product) throw new Error('no product has four pieces in stock; npm start -- --fresh fills the shelves again');
  return product;
}

async function placeAndFollow(
  customer: Customer,
  product: ProductView,
  shippingAddressId: string,
  paymentMethodToken: string,
  expected: OrderView['status'],
): Promise<DemoOrder> {
  const begun = performance.now();
  const accepted = expect(
    'POST /v1/orders',
    await customer.placeOrder({
      items: [{ productId: product.id, quantity: 2 }],
      shippingAddressId,
      paymentMethodToken,
    }),
    202,
  );
  const order = await customer.waitFor(accepted.body.id, ['CONFIRMED', 'REJECTED', 'CANCELLED']);
  const settledAtMs = performance.now();
  if (order.status !== expected)
    throw new Error(`order ${order.id} ended ${order.status} (${order.reason}), expected ${expected}`);
  const payment = await customer.payment(order.paymentId);
  return {
    order,
    payment,
    traceId: accepted.traceId,
    acceptedMs: accepted.ms,
    settledMs: settledAtMs - begun,
    settledAtMs,
  };
}

async function tell(
  system: Pick<System, 'trace'>,
  say: (line: string) => void,
  title: string,
  result: DemoOrder,
): Promise<void> {
  const { order, payment, traceId, acceptedMs, settledMs } = result;
  const [line] = order.lines;
  say('');
  say(`${title}`);
  say(`  order        ${order.id}  ${order.status}${order.reason ? ` (${order.reason})` : ''}`);
  say(`               ${line?.quantity} × ${line?.name}, ${money(order.totalMinor, order.currency)}`);
  say(`  payment      ${payment.id}  ${payment.status}${payment.declineReason ? ` (${payment.declineReason})` : ''}`);
  say(`  took         ${acceptedMs.toFixed(0)} ms until accepted, ${settledMs.toFixed(0)} ms until ${order.status}`);
  const spans = await collectTrace(system, traceId);
  say(
    `  trace        ${traceId}: ${spans.length} spans in ${new Set(spans.map(({ service }) => service)).size} services`,
  );
  for (const row of waterfall(spans)) say(`    ${row}`);
}

/**
 * Services export every half second: waits until nothing was added for a second.
 * @param withinMs At most so long, milliseconds. Default 5 000.
 */
export async function collectTrace(
  system: Pick<System, 'trace'>,
  traceId: string,
  withinMs = 5_000,
): Promise<readonly TraceSpan[]> {
  const limitAt = performance.now() + withinMs;
  let [count, since] = [0, performance.now()];
  for (;;) {
    const spans = system.trace(traceId);
    const now = performance.now();
    if (spans.length !== count) [count, since] = [spans.length, now];
    if ((count > 0 && now - since > 1_000) || now > limitAt) return spans;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const money = (minor: number, currency: string): string => `${(minor / 100).toFixed(2)} ${currency}`;

function cheapest(products: readonly ProductView[]): string {
  const [first] = [...products].sort((a, b) => a.priceMinor - b.priceMinor);
  return first ? money(first.priceMinor, first.currency) : '-';
}

function stopwatch(): () => string {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const text = `(${(now - last).toFixed(0)} ms)`;
    last = now;
    return text;
  };
}
