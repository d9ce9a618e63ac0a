import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { Agent, createServer, request, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimPort } from '@causeway/testkit';
import { Child } from './child.js';

// A machine that builds everything else at the same time takes seconds to start a process.

const children: Child[] = [];
const servers: Server[] = [];

const start = (settings: Record<string, string> = {}, args: readonly string[] = [], stdout?: number): Child => {
  const child = Child.start(settings, args, stdout);
  children.push(child);
  return child;
};

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.end()));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A POST on a keep-alive connection. */
async function post(agent: Agent, url: string, body: unknown): Promise<{ response: IncomingMessage; text: string }> {
  const text = JSON.stringify(body);
  const sent = request(url, {
    agent,
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': text.length },
  });
  sent.end(text);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { response, text: (await response.setEncoding('utf8').toArray()).join('') };
}

test('standard output on a full disk costs log lines and nothing else, and standard error says so', async () => {
  const full = openSync('/dev/full', 'w');
  const child = start({}, [], full);
  closeSync(full);
  const { url } = await child.ready();
  const { response } = await post(new Agent(), `${url}/v1/things/slow`, { ms: 1 });
  expect(response.statusCode).toBeLessThan(300);
  child.kill('SIGTERM');
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(child.output).toMatch(/^Log lines are being lost .*no space left on device.*\n$/);
});

test('compiled code is written when the process ends: the event loop stands still while thousands of files are', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'causeway-compiled-'));
  const files = () => readdirSync(cache, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  try {
    const child = start({ NODE_COMPILE_CACHE: cache });
    const { url } = await child.ready();
    // Long enough for whoever would do it as soon as the service is ready.
    await post(new Agent(), `${url}/v1/things/slow`, { ms: 1_500 });
    expect(files()).toEqual([]);
    child.kill('SIGTERM');
    await child.exited;
    expect(files().length).toBeGreaterThan(100);
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
});

describe('a stop', () => {
  test('answers the request in flight on a keep-alive connection, closes the database after it, and exits 0', async () => {
    const child = start();
    const { url, management } = await child.ready();
    const agent = new Agent({ keepAlive: true });
    const first = await post(agent, `${url}/v1/things/slow`, { ms: 0 });
    expect(first.response.headers.connection).toBe('keep-alive');

    const inFlight = post(agent, `${url}/v1/things/slow`, { ms: 600 });
    await child.heard('begun');
    await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill('SIGTERM');
    const stopping = await until(management, (status) => status === 503);
    expect(await stopping.json()).toMatchObject({ status: 'stopping' });

    const { response, text } = await inFlight;
    expect([response.statusCode, JSON.parse(text)]).toEqual([200, { done: true }]);
    expect(response.headers.connection).toBe('close');
    expect(await child.exited).toEqual({ code: 0, signal: null });
    // Not a word of anybody else, such as warnings of Node or Fastify.
    expect(child.output.split('\n').filter((line) => line !== '' && !line.startsWith('{'))).toEqual([]);
    const order = ['stopping', '"route":"/v1/things/slow"', 'stopped'].map((word) => child.output.lastIndexOf(word));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    await child.heard('database closed');
  });

  test('is not held up by a connection that never sent a request', async () => {
    const child = start();
    const { url } = await child.ready();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    await once(socket, 'connect');
    child.kill('SIGTERM');
    expect(await child.exited).toEqual({ code: 0, signal: null });
    socket.destroy();
  });

  test('keeps serving for SHUTDOWN_DELAY_MS', async () => {
    const child = start({ SHUTDOWN_DELAY_MS: '500' });
    const { url, management } = await child.ready();
    child.kill('SIGTERM');
    await until(management, (status) => status === 503);
    const late = await fetch(`${url}/v1/things/7`);
    expect([late.status, late.headers.get('connection')]).toEqual([200, 'close']);
    expect(await child.exited).toEqual({ code: 0, signal: null });
  });

  test('cuts off what takes longer than SHUTDOWN_GRACE_MS', async () => {
    const child = start({ SHUTDOWN_GRACE_MS: '200' });
    const { url } = await child.ready();
    const cut = post(new Agent({ keepAlive: true }), `${url}/v1/things/slow`, { ms: 60_000 });
    const failed = expect(cut).rejects.toMatchObject({ code: 'ECONNRESET' });
    await child.heard('begun');
    child.kill('SIGTERM');
    await failed;
    expect(await child.exited).toEqual({ code: 0, signal: null });
  });

  test('follows when the parent process is gone', async () => {
    const child = start();
    await child.ready();
    child.abandon();
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(child.output).toContain('the parent process is gone');
  });

  test('ends a service that is still starting', async () => {
    const child = start({ START_MS: '60000', MANAGEMENT_PORT: String((await claimPort()).port) });
    await child.said('live');
    child.kill('SIGTERM');
    expect(await child.exited).toEqual({ code: 0, signal: null });
  });

  test('that is asked for twice in one moment stays graceful; asked again later, it ends at once', async () => {
    const child = start();
    const { url } = await child.ready();
    const cut = post(new Agent({ keepAlive: true }), `${url}/v1/things/slow`, { ms: 60_000 }).catch(
      (error: Error) => error,
    );
    await child.heard('begun');
    child.kill('SIGINT');
    child.kill('SIGINT');
    await child.said('stopping');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(child.output).not.toContain('second time');
    child.kill('SIGINT');
    expect(await child.exited).toEqual({ code: 1, signal: null });
    expect(await cut).toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('a start', () => {
  test('with wrong settings lists all of them without a value and exits 1', async () => {
    const child = start({ HTTP_PORT: '70123', API_KEY: 'hunter2', BODY_LIMIT_BYTES: 'much', LOG_LEVEL: 'loud' });
    expect(await child.exited).toEqual({ code: 1, signal: null });
    for (const name of ['HTTP_PORT', 'API_KEY', 'BODY_LIMIT_BYTES', 'LOG_LEVEL'])
      expect(child.output).toContain(`  ${name}: `);
    expect(child.output).not.toMatch(/70123|hunter2|much|loud/);
  });

  test('on a port in use says so and exits 1', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    servers.push(taken);
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    for (const name of ['HTTP_PORT', 'MANAGEMENT_PORT']) {
      const child = start({ [name]: String(port) });
      expect(await child.exited).toEqual({ code: 1, signal: null });
      expect(child.output).toContain(`${name} ${port} is in use`);
    }
  });

  test('is live before it is ready', async () => {
    const { port } = await claimPort();
    const child = start({ START_MS: '800', MANAGEMENT_PORT: String(port) });
    await child.said('live');
    const management = `http://127.0.0.1:${port}`;
    expect((await fetch(`${management}/health/live`)).status).toBe(200);
    const ready = await fetch(`${management}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([503, expect.objectContaining({ status: 'starting' })]);
    await child.ready();
    expect((await fetch(`${management}/health/ready`)).status).toBe(200);
  });
});

test('an instance says which build it is; the tag of an image becomes a semantic version', async () => {
  const child = start({ SERVICE_VERSION: 'main 42', SERVICE_COMMIT: 'c0ffee' });
  await child.ready();
  child.kill('SIGTERM');
  await child.exited; // by now it has written all its lines
  const ready = child.output.split('\n').find((text) => text.includes('"msg":"ready"')) ?? '{}';
  expect(JSON.parse(ready)).toMatchObject({ version: '0.0.0-main-42', commit: 'c0ffee' });
});

describe('a command', () => {
  test('runs instead of the service and exits 0', async () => {
    const child = start({}, ['greet']);
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(child.output).toBe('hello\n');
  });

  test('that fails exits 1', async () => {
    const child = start({}, ['fail']);
    expect(await child.exited).toEqual({ code: 1, signal: null });
    expect(child.output).toContain('fail failed');
  });

  test('that does not exist is answered with those that do', async () => {
    const child = start({}, ['dance']);
    expect(await child.exited).toEqual({ code: 2, signal: null });
    expect(child.output).toContain('serve, greet, fail');
  });
});

test('a request is exported as one server span and one measurement, named after its route', async () => {
  const bodies: string[] = [];
  const sink = createServer((incoming, outgoing) => {
    void incoming
      .setEncoding('utf8')
      .toArray()
      .then((parts) => {
        bodies.push(parts.join(''));
        outgoing.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
  }).listen(0, '127.0.0.1');
  servers.push(sink);
  await once(sink, 'listening');

  const child = start({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(sink.address() as AddressInfo).port}` });
  const { url } = await child.ready();
  const traceId = 'a'.repeat(32);
  const answer = await fetch(`${url}/v1/things/7`, { headers: { traceparent: `00-${traceId}-${'b'.repeat(16)}-01` } });
  expect(answer.headers.get('x-trace-id')).toBe(traceId);
  child.kill('SIGTERM');
  await child.exited;

  const exported = bodies.join('\n');
  expect(exported).toContain('"GET /v1/things/:id"');
  expect(exported).toContain(`"${traceId}"`);
  expect(exported).toContain('"http.server.request.duration"');
  const line = child.output.split('\n').find((text) => text.includes('"msg":"request"')) ?? '{}';
  expect(JSON.parse(line)).toMatchObject({
    method: 'GET',
    route: '/v1/things/:id',
    status: 200,
    ms: expect.any(Number),
    trace_id: traceId,
  });
});

test('a service shows its metrics on the management port, unless they are switched off', async () => {
  const children = [start(), start({ OTEL_METRICS_EXPORTER: 'none' })];
  const [shown, hidden] = await Promise.all(
    children.map(async (child) => {
      const { url, management } = await child.ready();
      await (await fetch(`${url}/v1/things/7`)).arrayBuffer();
      return await fetch(`${management}/metrics`);
    }),
  );
  expect([shown?.status, shown?.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  expect(await shown?.text()).toMatch(/^http_server_request_duration_count\{.*http_route="\/v1\/things\/:id".*\} 1$/m);
  expect(hidden?.status).toBe(404);
});

async function until(management: string, wanted: (status: number) => boolean): Promise<Response> {
  for (;;) {
    const response = await fetch(`${management}/health/ready`);
    if (wanted(response.status)) return response;
    await response.arrayBuffer();
  }
}
