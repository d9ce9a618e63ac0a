import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Shopper } from '@causeway/demo-client';
import { startSystem, type ServiceInstance, type System } from '@causeway/launcher';
import { services, type ServiceName } from '@causeway/system';
import { parseSamples } from '@causeway/telemetry/samples';
import { startDns, type TestDns } from '@causeway/testkit';
import type { NatsConnection } from '@nats-io/transport-node';
import { patience } from '../src/patience.js';
import { eventually } from '../src/eventually.js';
import { SteadyLoad } from '../src/steady-load.js';
import { connectAs } from '../src/target.js';

// The gateway finds instances as on a cluster, by a DNS server, which here knows what the test tells it. SRV records,
// because on one machine instances differ by their ports.
const domain = 'causeway.svc.cluster.test';
let folder: string;
let dns: TestDns;
let system: System;
let operator: NatsConnection;
let orders: readonly ServiceInstance[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-discovery-'));
  dns = await startDns();
  // The TTL of every answer: with the poll, it bounds how soon a new instance is known.
  dns.set(`pod.${domain}`, [{ type: 'A', address: '127.0.0.1', ttl: 1 }]);
  system = await startSystem({
    folder,
    ports: 'any',
    durable: false,
    instances: { order: 4 },
    env: {
      gateway: {
        DISCOVERY_MODE: 'dns',
        DISCOVERY_DNS_URL: 'http://_http._tcp.{service}-headless',
        DISCOVERY_DNS_DOMAIN: domain,
        DISCOVERY_DNS_SERVERS: dns.server,
        DISCOVERY_ZONE: 'zone-of-the-gateway',
        RATE_LIMIT_PER_MINUTE: '1000000',
        // What fails here shall have failed because an instance is gone, not because this machine is slow.
        ...patience,
      },
      user: patience,
      order: patience,
    },
  });
  operator = await connectAs(system.urls.nats, 'operator', system.secrets.nats['operator'] ?? '');
  orders = instancesOf('order');
  for (const name of ['user', 'payment'] as const) list(name, instancesOf(name));
}, 240_000);
afterAll(async () => {
  await operator?.close();
  await system?.stop();
  await dns?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

const instancesOf = (name: ServiceName): ServiceInstance[] => system.services.filter(({ service }) => service === name);
const nameOf = (service: string): string => `_http._tcp.${service}-headless.${domain}`;

function list(service: string, instances: readonly ServiceInstance[]): void {
  const port = ({ url }: ServiceInstance): number => Number(new URL(url).port);
  dns.set(
    nameOf(service),
    instances.map((instance) => ({ type: 'SRV', target: `pod.${domain}`, port: port(instance) })),
  );
}

/** Lists these instances of order, and waits until the gateway has them: asked again, it has read the answer before. */
async function listOrders(...numbers: readonly number[]): Promise<void> {
  list(
    'order',
    numbers.map((number) => orders[number - 1]!),
  );
  const questions = (): number => dns.questions.filter(({ name }) => name === nameOf('order')).length;
  const before = questions();
  await eventually('the gateway asks twice', () => Promise.resolve(questions() >= before + 2), 60_000);
}

interface Stats {
  readonly id: string;
  readonly endpoints: readonly { readonly name: string; readonly num_requests: number; readonly num_errors: number }[];
}

async function asked<T>(subject: string): Promise<T[]> {
  const replies: T[] = [];
  for await (const reply of await operator.requestMany(subject, '', { strategy: 'timer', maxWait: 500 }))
    replies.push(reply.json<T>());
  return replies;
}

/** HTTP requests that each instance of order says it has served, by the NATS Services protocol. */
async function served(): Promise<ReadonlyMap<string, number>> {
  const all = (await asked<Stats & { name: string }>('$SRV.STATS')).filter(({ name }) => name === 'order');
  return new Map(all.map(({ id, endpoints }) => [id, endpoints.find(({ name }) => name === 'http')!.num_requests]));
}

/** What part of the next requests each instance of order serves. */
async function sharesOf(load: SteadyLoad, requests: number): Promise<number[]> {
  const before = await served();
  await load.pass(requests);
  const after = await served();
  const counts = orders.map(({ id }) => (after.get(id) ?? 0) - (before.get(id) ?? 0));
  const sum = counts.reduce((all, count) => all + count, 0);
  return counts.map((count) => count / sum);
}

const products = (): string => `${system.urls.gateway}/v1/products`;

async function retried(): Promise<number> {
  const [gateway] = instancesOf('gateway');
  return parseSamples(await (await fetch(`${gateway!.managementUrl}/metrics`)).text())
    .filter(({ name, labels }) => name === 'resilience_policy_retries_total' && labels['decision'] === 'retried')
    .reduce((sum, { value }) => sum + value, 0);
}

test('2 instances become 4 under load: within TTL and poll the new ones are known, and carry their share', async () => {
  for (const late of orders.slice(2)) await late.stop();
  await listOrders(1, 2);
  const load = new SteadyLoad(products(), 32);
  const [, , thirdBefore, fourthBefore] = await sharesOf(load, 500);
  expect([thirdBefore, fourthBefore]).toEqual([0, 0]);
  for (const late of orders.slice(2)) await late.start();
  await listOrders(1, 2, 3, 4);
  // A fair share is a quarter. A process that has just started is slower, so it has less at first.
  let shares: readonly number[] = [];
  for (let round = 1; round <= 20 && !shares.slice(2).every((share) => share > 0.125); round += 1)
    shares = await sharesOf(load, 500);
  expect(await load.stop()).toEqual([]);
  for (const share of shares) expect(share).toBeGreaterThan(0.125);
}, 300_000);

test('one of two dies under 64 connections (SIGKILL), and stays in the DNS: no idempotent request fails', async () => {
  await listOrders(1, 2);
  const before = await retried();
  const load = new SteadyLoad(products(), 64);
  const [first, second] = await sharesOf(load, 2_000);
  expect(Math.min(first!, second!)).toBeGreaterThan(0.1);
  await orders[0]!.kill();
  await load.pass(3_000);
  expect(await load.stop()).toEqual([]);
  // It died in the middle of something.
  expect(await retried()).toBeGreaterThan(before);
  await orders[0]!.start();
}, 300_000);

test('while the DNS does not answer, the gateway goes on with what it knows', async () => {
  await listOrders(1, 2);
  dns.mood = 'servfail';
  try {
    const [gateway] = instancesOf('gateway');
    await eventually('lookups fail', async () =>
      parseSamples(await (await fetch(`${gateway!.managementUrl}/metrics`)).text()).some(
        ({ name, labels, value }) =>
          name === 'discovery_lookups_total' &&
          labels['outcome'] === 'failed' &&
          labels['service'] === 'order' &&
          value >= 3,
      ),
    );
    expect((await fetch(products())).status).toBe(200);
  } finally {
    dns.mood = 'answer';
  }
}, 120_000);

test('every instance announces itself, whatever finds it: build, contracts, zone, and what it has served', async () => {
  await listOrders(1, 2);
  const customer = await Shopper.create(system.endpoints);
  const { id: shippingAddressId } = await customer.addAddress();
  const [product] = await customer.products();
  const items = [{ productId: product!.id, quantity: 1 }];
  const { body } = await customer.placeOrder({ items, shippingAddressId, paymentMethodToken: 'tok_success' });
  await customer.waitFor(body.id, ['CONFIRMED']);

  interface Info {
    readonly id: string;
    readonly version: string;
    readonly metadata: Readonly<Record<string, string>>;
  }
  const infos = await asked<Info>('$SRV.INFO');
  const announcing = system.services.filter(({ service }) => services.find(({ name }) => name === service)!.nats);
  expect(infos.map(({ id }) => id).sort()).toEqual(announcing.map(({ id }) => id).sort());
  for (const { id, version, metadata } of infos) {
    const { url } = system.services.find((instance) => instance.id === id)!;
    expect(metadata).toMatchObject({ url, contracts: expect.stringMatching(/^[0-9a-f]{12}$/) as string });
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
  }
  expect(infos.find(({ id }) => id === 'gateway-1')!.metadata['zone']).toBe('zone-of-the-gateway');
  const user = (await asked<Stats & { name: string }>('$SRV.STATS')).find(({ name }) => name === 'user')!;
  const calls = Object.fromEntries(user.endpoints.map(({ name, num_requests }) => [name, num_requests]));
  expect(calls).toEqual({ http: expect.any(Number) as number, 'get-address-v1': 1 });
  expect(calls['http']).toBeGreaterThan(0);
}, 120_000);
