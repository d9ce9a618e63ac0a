import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expectDeclaredResponses } from '@causeway/contracts/testing';
import { respond } from '../src/testing/stub-service.js';
import { anOrder, orderAndHistory, ShopWorld } from '../src/testing/shop-world.js';
import { eventually } from '../src/testing/world.js';

expectDeclaredResponses();
let world: ShopWorld;
beforeAll(async () => {
  world = await ShopWorld.start({ ORDER_EVENTS_MAX_STREAMS: '2' });
});
afterAll(() => world.end());

let order: ReturnType<typeof anOrder>;
beforeEach(() => {
  world.reset();
  order = anOrder();
  world.onOrder((_received, response) => respond(response, 200, order));
});

interface Seen {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** A client of one stream. */
class Listener {
  text = '';
  ended = false;
  private constructor(
    readonly response: Response,
    private readonly leaving: AbortController,
  ) {}

  static async open(headers?: Record<string, string>, orderId = order.id, method = 'GET'): Promise<Listener> {
    const leaving = new AbortController();
    const response = await world.fetch(`/v1/orders/${orderId}/events`, {
      method,
      headers: headers ?? (await world.bearer()),
      signal: leaving.signal,
    });
    const listener = new Listener(response, leaving);
    void listener.read();
    return listener;
  }

  get seen(): Seen[] {
    return [...this.text.matchAll(/id: (.*)\nevent: (.*)\ndata: (.*)\n\n/g)].map(([, id, event, data]) => ({
      id: id!,
      event: event!,
      data: JSON.parse(data!) as Record<string, unknown>,
    }));
  }

  close(): void {
    this.leaving.abort();
  }

  private async read(): Promise<void> {
    try {
      for await (const chunk of this.response.body ?? []) this.text += Buffer.from(chunk as Uint8Array).toString();
    } catch {
      // aborted, or cut off
    }
    this.ended = true;
  }
}

test('the order as it is, then its changes; nothing of another customer’s order', async () => {
  const listener = await Listener.open();
  expect(listener.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(listener.response.headers.get('cache-control')).toBe('no-store');
  await eventually(() => listener.seen.length === 1);
  await world.confirm(randomUUID(), 2);
  await world.confirm(order.id, 3);
  await eventually(() => listener.seen.length === 2);
  expect(listener.seen).toMatchObject([
    { id: '1', event: 'snapshot', data: { id: order.id, status: 'PENDING_PAYMENT' } },
    { id: '3', event: 'order', data: { orderId: order.id, status: 'CONFIRMED', type: 'order.evt.confirmed.v1' } },
  ]);
  expect(listener.text).toMatch(/^retry: \d+\n/);
  listener.close();
});

test('repeated, older and malformed events are left out', async () => {
  const listener = await Listener.open();
  await eventually(() => listener.seen.length === 1);
  for (const version of [2, 2, 1]) await world.confirm(order.id, version);
  for (const nonsense of ['not json', '{}', 'null', '{"data": {"orderId": 7}}'])
    await world.publish('order.evt.confirmed.v1', nonsense);
  await world.publish('order.evt.unheard-of.v1', '{}');
  await world.confirm(order.id, 3);
  await eventually(() => listener.seen.length === 3);
  expect(listener.seen.map(({ id }) => id)).toEqual(['1', '2', '3']);
  listener.close();
});

test('what happens while the order is being read is not lost', async () => {
  world.onOrder(async (_received, response) => {
    await world.confirm(order.id, 2);
    await sleep(50);
    respond(response, 200, order);
  });
  const listener = await Listener.open();
  await eventually(() => listener.seen.length === 2);
  expect(listener.seen.map(({ event }) => event)).toEqual(['snapshot', 'order']);
  listener.close();
});

describe('a client that reconnects', () => {
  const reconnect = async (lastEventId: string) =>
    Listener.open({ ...(await world.bearer()), 'last-event-id': lastEventId });
  const paths = () => world.orderCalls.map(({ url }) => url.replace(order.id, '{id}'));
  beforeEach(() => {
    order = { ...anOrder(order.id, 3), status: 'CONFIRMED' };
    world.onOrder(orderAndHistory(order));
  });

  test('first gets what it missed, then the order as it is, then what happens', async () => {
    const listener = await reconnect('1');
    await eventually(() => listener.seen.length === 2);
    await world.confirm(order.id, 4);
    await eventually(() => listener.seen.length === 3);
    expect(listener.seen).toMatchObject([
      { id: '3', event: 'order', data: { orderId: order.id, status: 'CONFIRMED', type: 'order.evt.confirmed.v1' } },
      { id: '3', event: 'snapshot', data: { id: order.id, status: 'CONFIRMED' } },
      { id: '4', event: 'order' },
    ]);
    listener.close();
  });

  test('an event that arrives while the history is read comes once', async () => {
    const respondAsOrder = orderAndHistory(order);
    world.onOrder(async (...exchange) => {
      if (exchange[0].url.endsWith('/history')) for (const version of [3, 4]) await world.confirm(order.id, version);
      await sleep(50);
      respondAsOrder(...exchange);
    });
    const listener = await reconnect('2');
    await eventually(() => listener.seen.length === 3);
    await sleep(50);
    expect(listener.seen.map(({ id, event }) => `${event} ${id}`)).toEqual(['order 3', 'snapshot 3', 'order 4']);
    listener.close();
  });

  test.each(['3', '4', '0', '-1', '1.5', 'nonsense', '99999999999'])(
    'the history is not read for one that has seen %s of 3',
    async (lastEventId) => {
      const listener = await reconnect(lastEventId);
      await eventually(() => listener.seen.length === 1);
      expect(listener.seen).toMatchObject([{ id: '3', event: 'snapshot' }]);
      expect(paths()).toEqual(['/v1/orders/{id}']);
      listener.close();
    },
  );

  test('gets the order as it is when the history cannot be read', async () => {
    world.onOrder(({ url }, response) =>
      url.endsWith('/history')
        ? respond(response, 404, { code: 'NOT_FOUND', detail: 'no' })
        : respond(response, 200, order),
    );
    const listener = await reconnect('1');
    await eventually(() => listener.seen.length === 1);
    expect(listener.seen).toMatchObject([{ id: '3', event: 'snapshot' }]);
    listener.close();
  });
});

test('an order that is not there is a problem, not a stream', async () => {
  world.onOrder((_received, response) => respond(response, 404, { code: 'NOT_FOUND', detail: 'no' }));
  const { response } = await Listener.open();
  expect([response.status, response.headers.get('content-type')]).toEqual([
    404,
    expect.stringContaining('application/problem+json'),
  ]);
});

test('a client that hangs up while the order is read ends the reading', async () => {
  let closed = false;
  world.onOrder((_received, response) => void response.once('close', () => (closed = true)));
  const leaving = new AbortController();
  const response = world.fetch(`/v1/orders/${order.id}/events`, {
    headers: await world.bearer(),
    signal: leaving.signal,
  });
  await eventually(() => world.orderCalls.length === 1);
  leaving.abort();
  await expect(response).rejects.toThrow('abort');
  await eventually(() => closed, 1_000); // long before the timeout of the call would end it
});

test('HEAD tells the type, and ends', async () => {
  const listener = await Listener.open(undefined, order.id, 'HEAD');
  expect(listener.response.status).toBe(200);
  await eventually(() => listener.ended);
});

describe('how many', () => {
  test('a customer has a few streams; the slot of one that is closed is free again', async () => {
    const me = await world.bearer();
    const [one, two] = [await Listener.open(me), await Listener.open(me)];
    const third = await world.fetch(`/v1/orders/${order.id}/events`, { headers: me });
    expect([third.status, Number(third.headers.get('retry-after')) > 0]).toEqual([429, true]);
    expect(await third.json()).toMatchObject({ code: 'RATE_LIMITED' });
    expect((await Listener.open()).response.status).toBe(200);
    one.close();
    await eventually(() => one.ended);
    await sleep(50);
    const again = await Listener.open(me);
    expect(again.response.status).toBe(200);
    two.close();
    again.close();
  });

  test('streams that were refused, or given up while the order was read, hold no slot', async () => {
    const me = await world.bearer();
    world.onOrder((_received, response) => respond(response, 404, { code: 'NOT_FOUND', detail: 'no' }));
    for (let attempt = 0; attempt < 3; attempt += 1) expect((await Listener.open(me)).response.status).toBe(404);

    const pending: (() => void)[] = [];
    world.onOrder((_received, response) => pending.push(() => respond(response, 200, order)));
    const leaving = new AbortController();
    const open = () => world.fetch(`/v1/orders/${order.id}/events`, { headers: me, signal: leaving.signal });
    const given = Promise.allSettled([open(), open()]);
    await eventually(() => pending.length === 2);
    leaving.abort();
    await given;
    await sleep(50);
    for (const reply of pending) reply();
    await sleep(50);
    world.onOrder((_received, response) => respond(response, 200, order));
    const listener = await Listener.open(me);
    expect(listener.response.status).toBe(200);
    listener.close();
  });
});

describe('the end', () => {
  afterEach(() => world.startGateway({ ORDER_EVENTS_MAX_STREAMS: '2' }));

  test('with the token', async () => {
    const listener = await Listener.open(await world.bearer(randomUUID(), { expiresInSeconds: 2 }));
    await eventually(() => listener.seen.length === 1);
    expect(listener.ended).toBe(false);
    await eventually(() => listener.ended);
  });

  test('after the longest time; until then comments keep it alive', async () => {
    await world.startGateway({ ORDER_EVENTS_HEARTBEAT_MS: '50', ORDER_EVENTS_MAX_MS: '500' });
    const listener = await Listener.open();
    await eventually(() => listener.ended);
    expect(listener.text.match(/^: still here$/gm)?.length).toBeGreaterThan(3);
  });

  test('when the process stops, at once', async () => {
    const listener = await Listener.open();
    await eventually(() => listener.seen.length === 1);
    const from = performance.now();
    world.host.beginStop(25_000);
    await eventually(() => listener.ended);
    await world.stopGateway();
    expect(performance.now() - from).toBeLessThan(20_000); // not when the grace is over
  });

  test('when the process stops, also for a client that reads nothing', async () => {
    const socket = await deafClient();
    await eventually(() => world.orderCalls.length === 1);
    for (let version = 2; version < 20; version += 1) await world.confirm(order.id, version);
    world.host.beginStop(25_000);
    const from = performance.now();
    await world.stopGateway();
    expect(performance.now() - from).toBeLessThan(20_000);
    socket.destroy();
  });

  test('when the connection to NATS was lost: events may have been missed', async () => {
    const listener = await Listener.open();
    await eventually(() => listener.seen.length === 1);
    await world.nats.kill();
    await sleep(100);
    expect(listener.ended).toBe(false);
    await world.nats.restart();
    await eventually(() => listener.ended);
    const next = await Listener.open();
    await eventually(() => next.seen.length === 1);
    await world.confirm(order.id, 9);
    await eventually(() => next.seen.length === 2);
    next.close();
  });
});

/** Asks for a stream and reads nothing of it. */
async function deafClient(): Promise<Socket> {
  const { hostname, port } = new URL(world.url);
  const { authorization } = await world.bearer();
  const socket = connect(Number(port), hostname).pause();
  socket.on('error', () => undefined);
  socket.write(`GET /v1/orders/${order.id}/events HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n\r\n`);
  return socket;
}
