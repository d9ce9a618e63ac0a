import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { orderOverview, scopes, type OrderView, type ProductView } from '@causeway/contracts';
import { call, Shopper } from '@causeway/demo-client';
import { run } from '@causeway/launcher/run';
import { eventually } from '../src/eventually.js';
import { exportedMetrics, referenceAttributes, referenceMetrics } from '../src/telemetry-reference.js';
import { ledgerOf, machineToken, newKey, useSystem } from '../src/system.js';
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
  products = await customer.products();
});

const order = (paymentMethodToken = 'tok_success', product = products[0]!, quantity = 1) => ({
  items: [{ productId: product.id, quantity }],
  shippingAddressId: addressId,
  paymentMethodToken,
});
const place = async (token?: string): Promise<OrderView> => {
  const answer = await customer.placeOrder(order(token));
  expect([answer.status, answer.body]).toMatchObject([202, { status: 'PENDING_PAYMENT' }]);
  return answer.body;
};
const stockOf = async ({ id }: ProductView) =>
  (await call<ProductView>(system.urls.gateway, `/v1/products/${id}`)).body;
const cancel = (id: string, key = newKey()) =>
  customer.call<OrderView>(`/v1/orders/${id}/cancel`, {
    method: 'POST',
    body: {},
    headers: { 'idempotency-key': key },
  });

test('there are at least 24 products with prices and stock', () => {
  expect(products.length).toBeGreaterThanOrEqual(24);
  for (const { name, priceMinor } of products) expect([name, priceMinor > 0]).toEqual([name, true]);
  expect(products.filter(({ available }) => available > 0).length).toBeGreaterThanOrEqual(20);
});

test.each(['127.0.0.1', 'localhost'])(
  '“Authorize” on the API documents at %s gives a token for the API',
  async (host) => {
    const page = new URL('/docs/', system.urls.gateway);
    page.hostname = host;
    const redirectUri = new URL('static/oauth2-redirect.html', page).href;
    expect((await fetch(redirectUri)).status).toBe(200);
    const script = await (await fetch(new URL('static/swagger-initializer.js', page))).text();
    const clientId = /"clientId":"([^"]+)"/.exec(script)?.[1] ?? '';
    const endpoints = { gateway: system.urls.gateway, oidc: { ...system.oidc, clientId, redirectUri } };
    const person = await Shopper.signIn(endpoints, customer.email, customer.password);
    expect((await person.call('/v1/orders')).status).toBe(200);
  },
);

test('a paid order is CONFIRMED, charged once, and its stock is taken', async () => {
  const before = await stockOf(products[1]!);
  const placed = await customer.placeOrder(order('tok_success', products[1], 2));
  expect(placed.headers.get('location')).toBe(`/v1/orders/${placed.body.id}`);
  const confirmed = await customer.waitFor(placed.body.id, ['CONFIRMED']);
  const totalMinor = 2 * products[1]!.priceMinor;
  expect(confirmed.totalMinor).toBe(totalMinor);
  expect(await customer.payment(confirmed.paymentId)).toMatchObject({
    status: 'CAPTURED',
    amountMinor: totalMinor,
    refundedMinor: 0,
  });
  expect(await ledgerOf(system, confirmed.paymentId)).toMatchObject({
    charges: 1,
    authorizedMinor: totalMinor,
    capturedMinor: totalMinor,
  });
  expect((await stockOf(products[1]!)).available).toBe(before.available - 2);
});

test.each(['tok_declined', 'tok_insufficient_funds'])(
  '%s: the order is REJECTED, nothing is charged, the stock is back',
  async (token) => {
    const before = await stockOf(products[2]!);
    const placed = await customer.placeOrder(order(token, products[2], 3));
    const rejected = await customer.waitFor(placed.body.id, ['REJECTED', 'CONFIRMED']);
    expect(rejected).toMatchObject({ status: 'REJECTED', reason: expect.stringMatching(/declined|funds/) });
    expect(await ledgerOf(system, rejected.paymentId)).toMatchObject({ authorizedMinor: 0, capturedMinor: 0 });
    expect((await stockOf(products[2]!)).available).toBe(before.available);
  },
);

test.each(['tok_charged_then_dropped', 'tok_error_after_charge', 'tok_slow'])(
  '%s: the outcome is found out, the order ends CONFIRMED, charged once',
  async (token) => {
    const { id } = await place(token);
    const confirmed = await customer.waitFor(id, ['CONFIRMED', 'REJECTED', 'CANCELLED'], 40_000);
    expect(confirmed.status).toBe('CONFIRMED');
    expect(await ledgerOf(system, confirmed.paymentId)).toMatchObject({
      charges: 1,
      authorizedMinor: confirmed.totalMinor,
      capturedMinor: confirmed.totalMinor,
      voidedMinor: 0,
    });
  },
  60_000,
);

test('an order cancelled before the money is taken gives the authorisation and the stock back', async () => {
  const before = await stockOf(products[0]!);
  const { id } = await place('tok_slow'); // its authorisation takes seconds: there is time to cancel
  const answer = await cancel(id);
  expect([answer.status, answer.body.status]).toEqual([202, 'CANCELLING']);
  const cancelled = await customer.waitFor(id, ['CANCELLED', 'CONFIRMED', 'REJECTED'], 40_000);
  expect(cancelled.status).toBe('CANCELLED');
  const ledger = await ledgerOf(system, cancelled.paymentId);
  expect(ledger.capturedMinor - ledger.refundedMinor).toBe(0);
  expect(ledger.authorizedMinor - ledger.capturedMinor - ledger.voidedMinor).toBe(0);
  expect((await stockOf(products[0]!)).available).toBe(before.available);
});

test('an order cancelled after the money was taken is refunded in full, once', async () => {
  const before = await stockOf(products[0]!);
  const { id } = await place();
  await customer.waitFor(id, ['CONFIRMED']);
  const key = newKey();
  const answers = [await cancel(id, key), await cancel(id, key)];
  expect(answers.map(({ status }) => status)).toEqual([202, 202]);
  expect(answers[1]!.headers.get('idempotency-replayed')).toBe('true');
  const cancelled = await customer.waitFor(id, ['CANCELLED']);
  expect(await ledgerOf(system, cancelled.paymentId)).toMatchObject({
    capturedMinor: cancelled.totalMinor,
    refundedMinor: cancelled.totalMinor,
  });
  expect(await customer.payment(cancelled.paymentId)).toMatchObject({
    status: 'REFUNDED',
    refundedMinor: cancelled.totalMinor,
  });
  expect((await stockOf(products[0]!)).available).toBe(before.available);
  const again = await cancel(id);
  expect([again.status, again.body]).toMatchObject([202, { status: 'CANCELLED', version: cancelled.version }]);
});

test('an order that was rejected cannot be cancelled', async () => {
  const { id } = await place('tok_declined');
  await customer.waitFor(id, ['REJECTED']);
  expect([(await cancel(id)).status, (await cancel(id)).body]).toMatchObject([409, { code: 'ORDER_NOT_CANCELLABLE' }]);
});

test('two customers race for the last item: one wins', async () => {
  const product = products.at(-1)!;
  const authorization = `Bearer ${await machineToken(system, scopes.catalogWrite)}`;
  const { version } = await stockOf(product);
  const stocked = await call<ProductView>(system.urls.gateway, `/v1/products/${product.id}/stock`, {
    method: 'PUT',
    body: { available: 1 },
    headers: { authorization, 'if-match': `"${version}"` },
  });
  expect([stocked.status, stocked.body.available]).toEqual([200, 1]);
  const rival = await Shopper.create(system.endpoints, 'Charles Babbage');
  const rivalAddress = await rival.addAddress();
  const answers = await Promise.all([
    customer.placeOrder(order('tok_success', product)),
    rival.placeOrder({ ...order('tok_success', product), shippingAddressId: rivalAddress.id }),
  ]);
  expect(answers.map(({ status }) => status).sort()).toEqual([202, 409]);
  expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'OUT_OF_STOCK' });
  expect((await stockOf(product)).available).toBe(0);
});

test('the same POST twice at once places one order', async () => {
  const before = await stockOf(products[3]!);
  const [body, key] = [order('tok_success', products[3]), newKey()];
  const answers = await Promise.all([customer.placeOrder(body, key), customer.placeOrder(body, key)]);
  const accepted = answers.filter(({ status }) => status === 202);
  for (const answer of answers)
    if (answer.status !== 202) expect(answer.body).toMatchObject({ code: 'IDEMPOTENCY_KEY_IN_FLIGHT' });
  expect(new Set(accepted.map(({ body: { id } }) => id)).size).toBe(1);
  const replay = await customer.placeOrder(body, key);
  expect([replay.status, replay.headers.get('idempotency-replayed'), replay.body]).toEqual([
    202,
    'true',
    accepted[0]!.body,
  ]);
  expect((await stockOf(products[3]!)).available).toBe(before.available - 1);
});

/** The trace in docs/guides/follow-one-order.md, which must be one that the system really makes: service and span of each line. */
function guidedWalk(): [service: string, span: string][] {
  const guide = readFileSync(new URL('../../../docs/guides/follow-one-order.md', import.meta.url), 'utf8');
  const [, trace = ''] = /```text\n([^]*?)```/.exec(guide) ?? [];
  return [...trace.matchAll(/^(\S+) +(.+?) +[\d.]+ ms$/gm)].map(([, service, span]) => [service!, span!]);
}

test('one trace holds every hop, from the gateway to the payment provider and back', async () => {
  const placed = await customer.placeOrder(order());
  await customer.waitFor(placed.body.id, ['CONFIRMED']);
  const wanted: [service: string, span: RegExp][] = [
    ['gateway', /^POST \/v1\/orders$/],
    ['order', /^POST \/v1\/orders$/],
    ['user', /^serve user\.rpc\.get-address\.v1$/],
    ['order', /^publish payment\.cmd\.authorize\.v2$/],
    ['payment', /^process payment\.cmd\.authorize\.v2$/],
    ['payment', /^POST \/v1\/charges$/],
    ['psp-sandbox', /^POST \/v1\/charges$/],
    ['payment', /^publish payment\.evt\.authorized\.v1$/],
    ['order', /^process payment\.evt\.authorized\.v1$/],
    ['psp-sandbox', /^POST \/v1\/charges\/:\w+\/capture$/],
    ['order', /^process payment\.evt\.captured\.v1$/],
    ['order', /^publish order\.evt\.confirmed\.v1$/],
  ];
  expect(placed.traceId).toMatch(/^[0-9a-f]{32}$/);
  const walk = guidedWalk();
  expect(walk.length).toBeGreaterThan(15);
  await eventually('all spans in one trace', async () => {
    const spans = await system.trace(placed.traceId);
    const has = (service: string, fits: (name: string) => boolean) =>
      spans.some((span) => span.service === service && fits(span.name));
    return (
      wanted.every(([service, name]) => has(service, (span) => name.test(span))) &&
      walk.every(([service, name]) => has(service, (span) => span === name))
    );
  });
  // What knows the order says so, so that the trace is found by it. Before it exists, it is sent on and its address asked for.
  const unmarked = (await system.trace(placed.traceId)).filter(
    ({ service, attributes }) =>
      ['gateway', 'order', 'payment'].includes(service) && attributes['causeway.order.id'] !== placed.body.id,
  );
  expect(unmarked.map(({ name }) => name)).toEqual(['POST order', 'call user.rpc.get-address.v1']);
});

test('the spans of requests about an order name it, at the gateway too', async () => {
  const { id } = await place();
  await customer.waitFor(id, ['CONFIRMED']);
  const { traceId } = await customer.call(`/v1/orders/${id}/overview`);
  await eventually('the spans of the gateway, order and payment', async () => {
    const marked = (await system.trace(traceId))
      .filter(({ attributes }) => attributes['causeway.order.id'] === id)
      .map(({ service, name }) => `${service} ${name}`);
    return ['gateway GET /v1/orders/:orderId/overview', 'gateway GET payment', 'order GET /v1/orders/:orderId'].every(
      (span) => marked.includes(span),
    );
  });
});

test('the overview composes order, history, payment and customer; a service that is away is a missing part with its reason', async () => {
  const { id } = await place();
  await customer.waitFor(id, ['CONFIRMED']);
  const whole = orderOverview.parse((await customer.call(`/v1/orders/${id}/overview`)).body);
  expect(whole).toMatchObject({
    order: { available: true, data: { id, status: 'CONFIRMED' } },
    history: {
      available: true,
      data: {
        items: [
          { status: 'PENDING_PAYMENT', cause: { kind: 'request', name: 'POST /v1/orders' } },
          { status: 'AUTHORIZED', cause: { kind: 'message', name: 'payment.evt.authorized.v1' } },
          { status: 'CONFIRMED', cause: { kind: 'message', name: 'payment.evt.captured.v1' } },
        ],
      },
    },
    payment: { available: true, data: { orderId: id, status: 'CAPTURED' } },
    customer: { available: true, data: { email: customer.email } },
  });
  const payment = system.services.find(({ service }) => service === 'payment')!;
  await payment.kill();
  try {
    const partial = orderOverview.parse((await customer.call(`/v1/orders/${id}/overview`)).body);
    expect(partial).toMatchObject({
      order: { available: true },
      payment: { available: false, code: expect.any(String) },
      customer: { available: true },
    });
  } finally {
    await payment.start();
  }
});

test('order events arrive as they happen, after a snapshot, and those missed on reconnecting; another customer gets 404', async () => {
  const { id } = await place();
  await customer.waitFor(id, ['CONFIRMED']);
  const stranger = await Shopper.create(system.endpoints);
  expect((await stranger.call(`/v1/orders/${id}/events`)).status).toBe(404);
  const first = await follow(id);
  expect(first.response.headers.get('content-type')).toContain('text/event-stream');
  expect(await first.until('"status":"CONFIRMED"')).toMatch(/^(retry: \d+\n)?id: 3\nevent: snapshot\ndata: \{/);
  expect((await cancel(id)).status).toBe(202);
  const cancelled = `id: 5\nevent: order\ndata: {"type":"order.evt.cancelled.v1","orderId":"${id}"`;
  await first.until(cancelled);
  first.close();

  const second = await follow(id, { 'last-event-id': '3' });
  const text = await second.until('event: snapshot');
  expect(text).toMatch(/^retry: \d+\nid: 5\nevent: order\n/);
  expect(text).toContain(cancelled);
  second.close();
});

/** Opens the event stream of an order. */
async function follow(id: string, headers: Record<string, string> = {}) {
  const controller = new AbortController();
  const response = await fetch(`${system.urls.gateway}/v1/orders/${id}/events`, {
    headers: { authorization: `Bearer ${customer.accessToken}`, ...headers },
    signal: controller.signal,
  });
  const stream = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    response,
    /** Reads until a part has come. @returns All text so far. */
    until: async (part: string): Promise<string> => {
      while (!text.includes(part)) {
        const { value, done } = await stream.read();
        if (done) throw new Error(`the stream ended without ${part}:\n${text}`);
        text += value;
      }
      return text;
    },
    close: () => controller.abort(),
  };
}

test('pages of orders are complete and disjoint, newest first', async () => {
  const all = (await customer.call<{ items: OrderView[] }>('/v1/orders?limit=100')).body.items.map(({ id }) => id);
  const paged: string[] = [];
  let cursor: string | null = null;
  do {
    const path: string = `/v1/orders?limit=3${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`;
    const page: { items: OrderView[]; nextCursor: string | null } = (await customer.call<typeof page>(path)).body;
    paged.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor);
  expect(paged).toEqual(all);
  expect(all).toEqual(all.toSorted().toReversed());
});

test('the API documents describe the running system', async () => {
  const { body } = await call<{ openapi: string; paths: Record<string, unknown> }>(
    system.urls.gateway,
    '/openapi.json',
  );
  expect([body.openapi, Object.keys(body.paths)]).toEqual([
    '3.1.0',
    expect.arrayContaining(['/v1/orders', '/v1/orders/{orderId}/events']),
  ]);
  const page = await call<string>(system.urls.gateway, '/docs/', { headers: { accept: 'text/html' } });
  expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
});

/** Recorded only once something goes wrong, or somebody has to wait; lookups only where the DNS finds instances. */
const exceptional = [
  'admission_shed_total',
  'admission_wait_duration',
  'discovery_ejections_total',
  'discovery_lookups_total',
  'http_server_expired_total',
  'messaging_dead_letters_total',
  'messaging_inbox_duplicates_total',
  'messaging_outbox_republished_total',
  'resilience_policy_retries_total',
];

test('the system exports what docs/reference/telemetry.md has: metrics with kind, unit and labels, and attributes', async () => {
  const placed = await customer.placeOrder(order());
  await customer.waitFor(placed.body.id, ['CONFIRMED']);
  const exported = (await Promise.all(system.services.map((instance) => instance.metrics()))).flatMap(exportedMetrics);
  for (const { name, type, unit, labels } of exported) {
    const documented = referenceMetrics.get(name);
    expect({ name, type, unit }).toEqual({ name, type: documented?.type, unit: documented?.unit });
    expect({ name, unknown: labels.filter((label) => !documented?.labels.includes(label)) }).toEqual({
      name,
      unknown: [],
    });
  }
  const names = new Set(exported.map(({ name }) => name));
  const missing = [...referenceMetrics.keys()].filter((name) => !names.has(name) && !exceptional.includes(name));
  expect(missing).toEqual([]);
  await eventually('spans', async () => (await system.trace(placed.traceId)).length > 15);
  const attributes = (await system.trace(placed.traceId)).flatMap((span) => Object.keys(span.attributes));
  expect([...new Set(attributes)].filter((name) => !referenceAttributes.includes(name))).toEqual([]);
});

test('npm run smoke, which pipelines run after a deployment, finds the system well', async () => {
  const command = join(import.meta.dirname, '../../delivery/dist/smoke-command.js');
  const { gateway } = system.urls;
  const { code, stdout, stderr } = await run([process.execPath, command, gateway, '--demo', '--within=60']);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain(`${gateway} works`);
});
