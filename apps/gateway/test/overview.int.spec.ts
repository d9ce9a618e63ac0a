import { randomUUID } from 'node:crypto';
import { orderOverview, scopes, scopesOf } from '@causeway/contracts';
import { expectDeclaredResponses } from '@causeway/contracts/testing';
import { respond, type StubService } from '../src/testing/stub-service.js';
import { aHistory, anOrder, aPayment, aUser, orderAndHistory, ShopWorld } from '../src/testing/shop-world.js';
import { eventually } from '../src/testing/world.js';

expectDeclaredResponses();
let world: ShopWorld;
beforeAll(async () => {
  world = await ShopWorld.start();
});
afterAll(() => world.end());

const order = anOrder();
const history = aHistory(order);
const customer = randomUUID();
const missing = (code: string) => ({ available: false, code, detail: expect.any(String) as string });

beforeEach(async () => {
  world.reset();
  await world.startGateway();
  world.onOrder(orderAndHistory(order, history));
  world.payment.handler = (_received, response) => respond(response, 200, aPayment(order));
  world.user.handler = (_received, response) => respond(response, 200, aUser(customer));
});

async function overview(headers: Record<string, string> = {}) {
  const response = await world.fetch(`/v1/orders/${order.id}/overview`, {
    headers: { ...(await world.bearer(customer)), ...headers },
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as unknown };
}

test('one answer from three services, each asked with the caller’s own token', async () => {
  const { status, body } = await overview();
  expect(status).toBe(200);
  expect(orderOverview.parse(body)).toEqual({
    order: { available: true, data: order },
    history: { available: true, data: history },
    payment: { available: true, data: aPayment(order) },
    customer: { available: true, data: { id: customer, displayName: 'A', email: 'a@example.com' } },
  });
  const calls = [...world.orderCalls, ...world.payment.received, ...world.user.received];
  expect(calls.map(({ url }) => url).sort()).toEqual([
    `/v1/orders/${order.id}`,
    `/v1/orders/${order.id}/history`,
    `/v1/payments/${order.paymentId}`,
    '/v1/users/me',
  ]);
  expect(new Set(calls.map(({ headers }) => headers.authorization)).size).toBe(1);
});

test('support sees the profile of the customer, whom the order names', async () => {
  const seen = { ...order, customerId: customer };
  world.onOrder(orderAndHistory(seen, history));
  const { body } = await overview(await world.bearer(randomUUID(), { scopes: scopesOf.support }));
  expect(body).toMatchObject({
    order: { available: true, data: { customerId: customer } },
    customer: { available: true, data: { id: customer } },
  });
  expect(world.user.received.map(({ url }) => url)).toEqual([`/v1/users/${customer}`]);
  world.onOrder((_received, response) => respond(response, 500, { code: 'INTERNAL', detail: 'oh' }));
  const without = await overview(await world.bearer(randomUUID(), { scopes: scopesOf.support }));
  expect(without.body).toMatchObject({ order: missing('INTERNAL'), customer: missing('INTERNAL') });
});

test('customer, order and history are read side by side', async () => {
  let waiting = 0;
  const all = Promise.withResolvers<void>();
  const together = async () => {
    if (++waiting === 3) all.resolve();
    await all.promise;
  };
  const respondAsOrder = orderAndHistory(order);
  world.onOrder(async (...exchange) => (await together(), respondAsOrder(...exchange)));
  world.user.handler = async (_received, response) => (await together(), respond(response, 200, aUser(customer)));
  expect(await overview()).toMatchObject({ status: 200, body: { order: { available: true } } });
});

test('a part that fails is missing, and says why', async () => {
  world.payment.handler = (_received, response) =>
    respond(response, 503, { code: 'DATABASE_UNAVAILABLE', detail: 'gone' }, { 'causeway-no-retry': '1' });
  await world.user.stop();
  const { status, body } = await overview();
  world.user = await (await import('../src/testing/stub-service.js')).StubService.start(world.user.port);
  expect([status, orderOverview.parse(body)]).toMatchObject([
    200,
    {
      order: { available: true },
      payment: { available: false, code: 'DATABASE_UNAVAILABLE', detail: 'gone' },
      customer: missing('DEPENDENCY_UNAVAILABLE'),
    },
  ]);
});

test('a history that cannot be read is a missing part, also when only the order is there', async () => {
  world.onOrder(({ url }, response) =>
    url.endsWith('/history')
      ? respond(response, 404, { code: 'NOT_FOUND', detail: 'no' })
      : respond(response, 200, order),
  );
  expect(await overview()).toMatchObject({
    status: 200,
    body: { order: { available: true }, history: missing('NOT_FOUND'), payment: { available: true } },
  });
});

test('a part that the token does not allow is missing', async () => {
  world.user.handler = (_received, response) => respond(response, 403, { code: 'SCOPE_MISSING', detail: 'no' });
  const token = await world.bearer(customer, { scopes: [scopes.orders] });
  expect(await overview(token)).toMatchObject({ status: 200, body: { customer: missing('SCOPE_MISSING') } });
});

test('a part that does not answer in time is missing, and the others still come', async () => {
  world.user.handler = () => undefined;
  const { status, body } = await overview({ 'causeway-deadline-ms': '2000' });
  expect([status, body]).toMatchObject([
    200,
    { order: { available: true }, payment: { available: true }, customer: missing('DEADLINE_EXCEEDED') },
  ]);
});

test('without the order, payment is missing for the same reason', async () => {
  world.onOrder((_received, response) => respond(response, 500, { code: 'INTERNAL', detail: 'oh' }));
  expect(await overview()).toMatchObject({
    status: 200,
    body: { order: missing('INTERNAL'), payment: missing('INTERNAL'), customer: { available: true } },
  });
  expect(world.payment.received).toEqual([]);
});

test('an order that is not there, or not theirs, is a 404 of the whole', async () => {
  world.onOrder((_received, response) =>
    respond(response, 404, { code: 'NOT_FOUND', detail: `order ${order.id} was not found`, remedy: 'Look.' }),
  );
  expect(await overview()).toMatchObject({ status: 404, body: { code: 'NOT_FOUND', remedy: 'Look.' } });
});

test.each<[string, string]>([
  ['something else than the contract says', '{"id": 7}'],
  ['no JSON', '<html>'],
  ['null', 'null'],
])('a service that answers with %s is a missing part, and no end of the process', async (_, body) => {
  world.user.handler = (_received, response) => void response.writeHead(200).end(body);
  world.onOrder((_received, response) =>
    setTimeout(() => respond(response, 404, { code: 'NOT_FOUND', detail: '' }), 100),
  );
  // The order decides, long after the customer has failed: that failure is not awaited then.
  expect((await overview()).status).toBe(404);

  world.onOrder(orderAndHistory(order));
  expect(await overview()).toMatchObject({ body: { customer: missing('DEPENDENCY_UNAVAILABLE') } });
  world.user.handler = (_received, response) => void response.writeHead(502).end(body);
  expect(await overview()).toMatchObject({ body: { customer: missing('DEPENDENCY_UNAVAILABLE') } });
});

test('a client that hangs up ends the reading: the services see their connections closed', async () => {
  let open = 0;
  const waits: StubService['handler'] = (_received, response) => {
    open += 1;
    response.once('close', () => (open -= 1));
  };
  world.onOrder(waits);
  world.user.handler = waits;
  const leaving = new AbortController();
  const response = world.fetch(`/v1/orders/${order.id}/overview`, {
    headers: await world.bearer(customer),
    signal: leaving.signal,
  });
  await eventually(() => open === 3);
  leaving.abort();
  await expect(response).rejects.toThrow('abort');
  await eventually(() => open === 0, 1_000); // long before the deadline would end them
});

test('an id that is none is refused here', async () => {
  const response = await world.fetch('/v1/orders/17/overview', { headers: await world.bearer() });
  expect([response.status, world.orderCalls]).toEqual([422, []]);
});
