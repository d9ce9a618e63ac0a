import { setTimeout as sleep } from 'node:timers/promises';
import { getAddress, rpc, type RpcDefinition } from '@causeway/contracts';
import { currentDeadline, Deadline, DeadlineExceeded, Overloaded, policies, withDeadline } from '@causeway/resilience';
import { DatabaseUnavailable } from '@causeway/persistence';
import type { NatsConnection } from '@nats-io/transport-node';
import { Controller } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { BrokerHealth } from '../src/health.js';
import { HandlesRpc } from '../src/nest/handles.js';
import { RpcClient } from '../src/rpc/client.js';
import { RpcServer } from '../src/rpc/server.js';
import { FakeRpc, rpcContract } from '../src/testing/index.js';
import { natsOf, Scene } from './helpers.js';

const scene = new Scene();
beforeEach(() => scene.broker());
afterEach(() => scene.end());

const slow = rpc('test.rpc.wait.v1', 'Waits', z.object({ ms: z.number() }), z.object({ remainingMs: z.number() }));

async function serve<Req, Res>(
  nc: NatsConnection,
  definition: RpcDefinition<Req, Res>,
  respond: (request: Req) => Res | Promise<Res>,
): Promise<RpcServer> {
  const handler = async (request: unknown) => respond(request as Req);
  const server = new RpcServer(nc, 'test', definition as RpcDefinition, handler);
  server.start();
  scene.after(() => server.stop());
  await nc.flush();
  return server;
}

rpcContract('fake', () => {
  const client = new FakeRpc();
  return Promise.resolve({ client, serve: (...served) => Promise.resolve(void client.serve(...served)) });
});

rpcContract('NATS', async () => {
  const [caller, callee] = [await scene.connect('caller'), await scene.connect('callee')];
  return { client: new RpcClient(caller), serve: async (...served) => void (await serve(callee, ...served)) };
});

test('the deadline of the caller is in force on the other side, less the time in transit', async () => {
  const nc = await scene.connect();
  await serve(nc, slow, () => ({ remainingMs: currentDeadline()!.remainingMs() }));
  const { remainingMs } = await withDeadline(Deadline.after(400), () =>
    new RpcClient(nc).call(slow, { ms: 0 }, { timeoutMs: 5_000 }),
  );
  expect(remainingMs).toBeGreaterThan(300);
  expect(remainingMs).toBeLessThanOrEqual(400);
});

test('without a deadline the timeout of the call is what the other side gets', async () => {
  const nc = await scene.connect();
  await serve(nc, slow, () => ({ remainingMs: currentDeadline()!.remainingMs() }));
  const { remainingMs } = await new RpcClient(nc).call(slow, { ms: 0 });
  expect(remainingMs).toBeGreaterThan(900);
  expect(remainingMs).toBeLessThanOrEqual(1_000);
});

test('no reply before the deadline is DEADLINE_EXCEEDED, no reply within the timeout is DEPENDENCY_UNAVAILABLE', async () => {
  const nc = await scene.connect();
  nc.subscribe(slow.subject, { callback: () => undefined });
  await nc.flush();
  const client = new RpcClient(nc);
  await expect(withDeadline(Deadline.after(50), () => client.call(slow, { ms: 0 }))).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
  });
  await expect(client.call(slow, { ms: 0 }, { timeoutMs: 50 })).rejects.toMatchObject({
    code: 'DEPENDENCY_UNAVAILABLE',
    unsent: false,
  });
});

const breakerOf = (owner: string) => policies().find(({ name }) => name === `rpc.${owner}`)?.breaker?.state;

test.each([
  ['that has too much work', () => Promise.reject(new Overloaded()), 1_000, 'closed'],
  [
    'that replies that its caller left it too little time',
    () => Promise.reject(new DeadlineExceeded()),
    1_000,
    'closed',
  ],
  ['that has 20 ms for its reply', () => new Promise<never>(() => undefined), 20, 'closed'],
  ['that cannot reach its database', () => Promise.reject(new DatabaseUnavailable()), 1_000, 'open'],
])('after 40 calls of a service %s', async (_what, respond, deadlineMs, state) => {
  const nc = await scene.connect();
  await serve(nc, slow, respond);
  const client = new RpcClient(nc);
  const hurried = () => withDeadline(Deadline.after(deadlineMs), () => client.call(slow, { ms: 0 }));
  await Promise.allSettled(Array.from({ length: 40 }, hurried));
  expect(breakerOf('test')).toBe(state);
});

/** 40 calls that nothing replies to. @param meanwhile Runs while they wait. */
async function callInVain(client: RpcClient, meanwhile: () => void = () => undefined): Promise<void> {
  const calls = Array.from({ length: 40 }, () => client.call(slow, { ms: 0 }, { timeoutMs: 500 }));
  meanwhile();
  await Promise.allSettled(calls);
}

test('calls without a reply open the breaker', async () => {
  const nc = await scene.connect();
  nc.subscribe(slow.subject, { callback: () => undefined });
  await nc.flush();
  const client = new RpcClient(nc);
  // On a machine that keeps this process busy all the time a round may count for nothing, as the next test shows.
  let round = 0;
  do await callInVain(client);
  while (breakerOf('test') !== 'open' && ++round < 20);
  expect(breakerOf('test')).toBe('open');
});

test('calls whose replies this process was too busy to read do not open the breaker', async () => {
  const nc = await scene.connect();
  nc.subscribe(slow.subject, { callback: () => undefined });
  await nc.flush();
  await callInVain(new RpcClient(nc), spin);
  expect(breakerOf('test')).toBe('closed');
});

/** Keeps the event loop busy for longer than the calls may take. */
function spin(): void {
  const until = performance.now() + 600;
  while (performance.now() < until);
}

test('a request that is not JSON gets MESSAGE_MALFORMED, one that fails its schema with the path', async () => {
  const nc = await scene.connect();
  await serve(nc, slow, () => ({ remainingMs: 0 }));
  const malformed = await nc.request(slow.subject, '{oops', { timeout: 1_000 });
  expect(malformed.headers?.get('Causeway-Error')).toBe('MESSAGE_MALFORMED');
  const invalid = await nc.request(slow.subject, '{"ms":"x"}', { timeout: 1_000 });
  expect(invalid.headers?.get('Causeway-Error')).toBe('VALIDATION_FAILED');
  expect(invalid.json()).toMatchObject({ violations: [{ path: '/ms' }] });
});

test('each request reaches one instance', async () => {
  const served: string[] = [];
  for (const name of ['one', 'two']) {
    await serve(await scene.connect(name), slow, () => (served.push(name), { remainingMs: 0 }));
  }
  const client = new RpcClient(await scene.connect('caller'));
  await Promise.all(Array.from({ length: 40 }, () => client.call(slow, { ms: 0 })));
  expect(served).toHaveLength(40);
  expect(new Set(served)).toEqual(new Set(['one', 'two']));
});

test('a stopping server replies to what it has accepted', async () => {
  const nc = await scene.connect();
  let ended = false;
  let begun = () => undefined as void;
  const accepted = new Promise<void>((resolve) => (begun = resolve));
  const server = await serve(nc, slow, async ({ ms }) => {
    begun();
    await sleep(ms);
    ended = true;
    return { remainingMs: 1 };
  });
  const reply = new RpcClient(await scene.connect('caller')).call(slow, { ms: 200 });
  await accepted;
  await server.stop();
  expect(ended).toBe(true);
  await expect(reply).resolves.toEqual({ remainingMs: 1 });
});

test('while NATS is away a call fails at once, and works again after the reconnect', async () => {
  const nc = await scene.connect();
  await serve(nc, slow, () => ({ remainingMs: 1 }));
  const health = new BrokerHealth(nc);
  const client = new RpcClient(nc, health);
  const gone = new Promise<void>((resolve) => health.onDisconnect(resolve));
  const back = new Promise<void>((resolve) => health.onReconnect(resolve));
  await scene.nats.halt();
  await gone;
  await expect(client.call(slow, { ms: 0 })).rejects.toMatchObject({
    code: 'BROKER_UNAVAILABLE',
    retryAfterSeconds: 2,
  });
  await scene.nats.restart();
  await back;
  await expect(client.call(slow, { ms: 0 })).resolves.toEqual({ remainingMs: 1 });
});

test('@HandlesRpc binds a controller method', async () => {
  @Controller()
  class Addresses {
    @HandlesRpc(getAddress)
    find(request: { userId: string; addressId: string }) {
      if (request.userId !== request.addressId) return { found: false as const };
      const address = { recipient: 'Ada', line1: 'Main St 1', postalCode: '1', city: 'Paris', country: 'FR' };
      return { found: true as const, address };
    }
  }
  const app = await scene.service('user', [Addresses]);
  const client = new RpcClient(await scene.connect('caller'));
  const id = uuidv7();
  await natsOf(app).flush();
  await expect(client.call(getAddress, { userId: id, addressId: id })).resolves.toMatchObject({
    found: true,
    address: { city: 'Paris' },
  });
  await expect(client.call(getAddress, { userId: id, addressId: uuidv7() })).resolves.toEqual({ found: false });
});

test('a server counts what it has answered, and which of that were errors', async () => {
  const nc = await scene.connect();
  let available = true;
  const server = await serve(nc, slow, () => {
    if (!available) throw new DatabaseUnavailable();
    return { remainingMs: 1 };
  });
  const client = new RpcClient(nc);
  await client.call(slow, { ms: 0 });
  available = false;
  await expect(client.call(slow, { ms: 0 })).rejects.toThrow();
  const { calls, errors, lastError, totalMs } = server.statistics;
  expect({ calls, errors, lastError }).toEqual({
    calls: 1 + errors,
    errors: expect.any(Number),
    lastError: 'DATABASE_UNAVAILABLE',
  });
  expect(errors).toBeGreaterThanOrEqual(1);
  expect(totalMs).toBeGreaterThan(0);
});
