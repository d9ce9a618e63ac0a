import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadSettings } from '@causeway/config';
import { Deadline, withDeadline } from '@causeway/resilience';
import { inSpan, currentTraceId, startTelemetry, telemetrySettings, type Telemetry } from '@causeway/telemetry';
import {
  Balancer,
  createHttpAgent,
  ServiceClient,
  staticResolver,
  type CallResult,
  type ServiceRequest,
} from './index.js';

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const agent = await createHttpAgent();
const servers: Server[] = [];
let telemetry: Telemetry;

beforeAll(async () => {
  const settings = loadSettings(telemetrySettings, {});
  telemetry = await startTelemetry({ service: 'test', version: '1.0.0', instanceId: 'test-1', settings });
});
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
afterAll(async () => {
  await agent.destroy();
  await telemetry.shutdown();
});

async function serve(handler: Handler): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => handler(request, response, body));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The address of a port on which no process listens. */
async function unusedPort(): Promise<string> {
  const url = await serve(() => undefined);
  await new Promise((resolve) => servers.pop()!.close(resolve));
  return url;
}

const clientOf = (...urls: string[]) =>
  // The first candidate wins while nothing is known: with random 0 that is the first address.
  new ServiceClient(new Balancer(staticResolver({ order: urls }), { random: () => 0 }), agent);

/** A balancer of one instance, and what calls report to it. */
function recording(url: string): { balancer: Balancer; reports: CallResult[] } {
  const reports: CallResult[] = [];
  const real = new Balancer(staticResolver({ order: [url] }));
  const pick: Balancer['pick'] = (service, tried) => {
    const { endpoint, report } = real.pick(service, tried);
    return { endpoint, report: (result) => (reports.push(result), report(result)) };
  };
  return { balancer: Object.assign(Object.create(real) as Balancer, { pick }), reports };
}

const get: ServiceRequest = { service: 'order', method: 'GET', path: '/v1/orders?limit=1' };
const post: ServiceRequest = { service: 'order', method: 'POST', path: '/v1/orders', body: { a: 1 } };
const keyed: ServiceRequest = { ...post, headers: { 'Idempotency-Key': 'k1' } };

test('a request arrives as it was meant, with trace and remaining time; the answer comes back', async () => {
  let seen: { request: IncomingMessage; body: string } | undefined;
  const url = await serve((request, response, body) => {
    seen = { request, body };
    response.writeHead(201, { 'content-type': 'application/json', location: '/x' }).end('{"id":7}');
  });
  const { answer, traceId } = await inSpan('test', {}, async () => ({
    answer: await withDeadline(Deadline.after(800), () => clientOf(url).request(keyed)),
    traceId: currentTraceId(),
  }));
  expect(seen).toMatchObject({
    request: {
      method: 'POST',
      url: '/v1/orders',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k1' },
    },
    body: '{"a":1}',
  });
  expect(seen?.request.headers['traceparent']).toContain(traceId);
  const remaining = Number(seen?.request.headers['causeway-deadline-ms']);
  expect(remaining).toBeGreaterThan(600);
  expect(remaining).toBeLessThanOrEqual(800);
  expect(answer).toMatchObject({ status: 201, headers: { location: '/x' }, text: '{"id":7}' });
  expect(answer.json()).toEqual({ id: 7 });
});

test.each([404, 422, 500, 504])('a %i is an answer, and is not asked for again', async (status) => {
  let calls = 0;
  const url = await serve((_request, response) => {
    calls += 1;
    response.writeHead(status).end('{}');
  });
  await expect(clientOf(url).request(get)).resolves.toMatchObject({ status });
  expect(calls).toBe(1);
});

test('refused by one instance, the request goes to another, a POST too: nothing was sent', async () => {
  const url = await serve((_request, response) => void response.end('"other"'));
  const answer = await clientOf(await unusedPort(), url).request(post);
  expect(answer.json()).toBe('other');
});

test('with no instance there the error says which service is missing, and holds the cause', async () => {
  const work = clientOf(await unusedPort()).request(get);
  await expect(work).rejects.toMatchObject({
    code: 'DEPENDENCY_UNAVAILABLE',
    message: 'order is not available',
    cause: { code: 'ECONNREFUSED' },
  });
});

/** Breaks the first connection off in the middle of the request, and answers afterwards. */
async function breaksOffOnce() {
  const counter = { calls: 0 };
  const url = await serve((request, response) => {
    counter.calls += 1;
    if (counter.calls === 1) request.socket.destroy();
    else response.end('"second"');
  });
  return { url, counter };
}

test.each([
  ['a GET', get],
  ['a POST with an Idempotency-Key', keyed],
  ['a POST declared idempotent', { ...post, idempotent: true }],
])('broken off: %s is sent again', async (_what, request) => {
  const { url, counter } = await breaksOffOnce();
  expect((await clientOf(url).request(request)).json()).toBe('second');
  expect(counter.calls).toBe(2);
});

test('broken off: a POST without a key is not sent again', async () => {
  const { url, counter } = await breaksOffOnce();
  await expect(clientOf(url).request(post)).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
  expect(counter.calls).toBe(1);
});

test.each([
  ['a GET is sent again', get, {}, 2],
  ['a POST with a key is sent again', keyed, {}, 2],
  ['a POST without a key is not', post, {}, 1],
  ['nothing is where the other side says that it is pointless', get, { 'causeway-no-retry': '1' }, 1],
  ['nothing is where the only instance has too much work', get, { 'causeway-overloaded': '1' }, 1],
])('after a 503 %s', async (_what, request, headers, expected) => {
  let calls = 0;
  const url = await serve((_request, response) => {
    calls += 1;
    response.writeHead(503, headers).end();
  });
  await expect(clientOf(url).request(request)).resolves.toMatchObject({ status: 503 });
  expect(calls).toBe(expected);
});

test('an answer that takes too long is given up, and the connection is closed', async () => {
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const url = await serve((request) => void request.socket.on('close', close));
  await expect(clientOf(url).request({ ...get, timeoutMs: 100 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  await closed;
});

test('the body is part of the answer: an endless one is given up, too', async () => {
  const url = await serve((_request, response) => void response.writeHead(200).write('['));
  await expect(clientOf(url).request({ ...get, timeoutMs: 100 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
});

test('an instance that only fails is left alone after twenty calls: the breaker of its service opens', async () => {
  let calls = 0;
  const url = await serve((_request, response) => {
    calls += 1;
    response.writeHead(500).end();
  });
  const client = clientOf(url);
  for (let call = 0; call < 20; call += 1) await client.request(get);
  await expect(client.request(get)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
  expect(calls).toBe(20);
});

test('an instance that has too much work is neither taken out nor does its breaker open; another one is asked', async () => {
  let [busy, free] = [0, 0];
  const first = await serve((_request, response) => {
    busy += 1;
    response.writeHead(503, { 'causeway-overloaded': '1' }).end();
  });
  const alone = clientOf(first);
  for (let call = 0; call < 40; call += 1) expect((await alone.request(get)).status).toBe(503);
  expect(busy).toBe(40);
  const second = await serve((_request, response) => {
    free += 1;
    response.end('"answered"');
  });
  expect((await clientOf(first, second).request(get)).json()).toBe('answered');
  expect([busy, free]).toEqual([41, 1]);
});

test('deadlines that callers have shortened open no breaker and take no instance out', async () => {
  let calls = 0;
  const url = await serve((_request, response) => {
    calls += 1;
    if (calls <= 40) response.writeHead(504).end();
    else response.end('"here"');
  });
  const client = clientOf(url);
  for (let call = 0; call < 40; call += 1) await client.request({ ...post, timeoutMs: 500 });
  expect((await client.request(get)).json()).toBe('here');
});

describe('a caller that leaves', () => {
  test('ends the call: the service sees its connection closed, and the request is not sent again', async () => {
    let calls = 0;
    const arrived = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    const url = await serve((request) => {
      calls += 1;
      request.socket.on('close', closed.resolve);
      arrived.resolve();
    });
    const leaving = new AbortController();
    const reason = new Error('left');
    const work = clientOf(url).request({ ...get, signal: leaving.signal });
    await arrived.promise;
    leaving.abort(reason);
    await expect(work).rejects.toBe(reason);
    await closed.promise;
    expect(calls).toBe(1);
  });

  test('before the call, or while its response is read, ends it, too', async () => {
    const gone = AbortSignal.abort(new Error('left before'));
    await expect(clientOf('http://127.0.0.1:1').request({ ...get, signal: gone })).rejects.toThrow('left before');

    const leaving = new AbortController();
    const closed = Promise.withResolvers<void>();
    const url = await serve((request, response) => {
      request.socket.on('close', closed.resolve);
      response.writeHead(200).write('[');
      setTimeout(() => leaving.abort(new Error('left meanwhile')), 20);
    });
    await expect(clientOf(url).request({ ...get, signal: leaving.signal })).rejects.toThrow('left meanwhile');
    await closed.promise;
  });

  test('is no failure of the service: it opens no breaker and ejects no instance', async () => {
    const leaving = new AbortController();
    let calls = 0;
    const url = await serve((_request, response) => {
      calls += 1;
      if (calls > 40) response.end('"here"');
      else if (calls === 40) leaving.abort(new Error('left'));
    });
    const { balancer, reports } = recording(url);
    const client = new ServiceClient(balancer, agent);
    const all = Array.from({ length: 40 }, () => client.request({ ...get, signal: leaving.signal }));
    for (const { status } of await Promise.allSettled(all)) expect(status).toBe('rejected');
    expect((await client.request(get)).json()).toBe('here');
    // The last one is the call that got its response.
    expect(reports.map(({ failed }) => failed)).toEqual(Array<boolean>(41).fill(false));
  });
});

test('silence for less than a fair time opens no breaker and ejects no instance, silence for longer does', async () => {
  let quiet = true;
  const url = await serve((_request, response) => void (quiet || response.end('"here"')));
  const { balancer, reports } = recording(url);
  const client = new ServiceClient(balancer, agent);
  const hurried = Array.from({ length: 40 }, () =>
    withDeadline(Deadline.after(50), () => client.request(get)).catch((error: unknown) => error),
  );
  for (const error of await Promise.all(hurried)) expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(reports.filter(({ failed }) => failed)).toEqual([]);
  quiet = false;
  expect((await client.request(get)).json()).toBe('here');

  quiet = true;
  const patient = Array.from({ length: 60 }, () => client.request({ ...get, timeoutMs: 1_050 }));
  await Promise.allSettled(patient);
  await expect(client.request(get)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
});

test('something that is not JSON is the other side’s fault', async () => {
  const url = await serve((_request, response) => void response.end('<html>'));
  const answer = await clientOf(url).request(get);
  expect(() => answer.json()).toThrow('order is not available');
});
