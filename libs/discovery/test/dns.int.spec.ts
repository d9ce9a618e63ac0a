import { setTimeout as delay } from 'node:timers/promises';
import { startDns, type DnsRecord, type TestDns } from '@causeway/testkit';
import { dnsResolver, parseAddressTemplate, type Resolver } from '../src/index.js';

let dns: TestDns;
const resolvers: Resolver[] = [];

beforeEach(async () => void (dns = await startDns()));
afterEach(async () => {
  for (const resolver of resolvers.splice(0)) await resolver.close();
  await dns.stop();
});

const a = (...addresses: string[]): DnsRecord[] => addresses.map((address) => ({ type: 'A', address }));

async function resolver(template: string, domain?: string): Promise<Resolver> {
  const found = await dnsResolver({
    services: ['order'],
    template: parseAddressTemplate(template)!,
    domain,
    servers: [dns.server],
    pollMs: 50,
    maxAgeMs: 50,
  });
  resolvers.push(found);
  return found;
}
const urlsOf = (found: Resolver) => found.endpoints('order').map(({ url }) => url);

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error('the condition did not become true within 30 s');
    await delay(10);
  }
}

test('a headless Service: one address a pod, found by the first answer', async () => {
  dns.set('order-headless.causeway.svc.cluster.local', a('10.244.1.7', '10.244.2.9'));
  const found = await resolver('http://{service}-headless:8080', 'causeway.svc.cluster.local');
  expect(urlsOf(found)).toEqual(['http://10.244.1.7:8080', 'http://10.244.2.9:8080']);
});

test('the SRV records of a named port: one host a pod, as Kubernetes answers', async () => {
  const service = 'order-headless.causeway.svc.cluster.local';
  dns.set(`10-244-1-7.${service}`, a('10.244.1.7'));
  dns.set(`10-244-2-9.${service}`, a('10.244.2.9'));
  dns.set(`_http._tcp.${service}`, [
    { type: 'SRV', target: `10-244-1-7.${service}`, port: 8080 },
    { type: 'SRV', target: `10-244-2-9.${service}`, port: 8081 },
  ]);
  const found = await resolver('http://_http._tcp.{service}-headless', 'causeway.svc.cluster.local');
  expect(urlsOf(found)).toEqual(['http://10.244.1.7:8080', 'http://10.244.2.9:8081']);
});

test('IPv6 addresses, where there are no others', async () => {
  dns.set('order.test', [{ type: 'AAAA', address: 'fd00:10:244:1::7' }]);
  expect(urlsOf(await resolver('http://{service}.test.:8080'))).toEqual(['http://[fd00:10:244:1::7]:8080']);
});

test('an answer too long for UDP is asked for again over TCP: a hundred pods', async () => {
  dns.set('order.test', a(...Array.from({ length: 100 }, (_, index) => `10.244.0.${index + 1}`)));
  dns.mood = 'truncate';
  expect(urlsOf(await resolver('http://{service}.test.:8080'))).toHaveLength(100);
  expect(dns.questions.map(({ over }) => over)).toEqual(expect.arrayContaining(['udp', 'tcp']));
});

test('while the DNS is silent the last addresses stay, and afterwards new ones are found', async () => {
  dns.set('order.test', a('10.0.0.1'));
  const found = await resolver('http://{service}.test.:8080');
  dns.mood = 'silent';
  const before = dns.questions.length;
  // Each lookup asks twice before it gives up: three of them have failed.
  await until(() => dns.questions.length >= before + 7);
  expect(urlsOf(found)).toEqual(['http://10.0.0.1:8080']);
  dns.set('order.test', a('10.0.0.2'));
  dns.mood = 'answer';
  await until(() => urlsOf(found)[0] === 'http://10.0.0.2:8080');
});

test('a silent DNS does not keep a process from starting', async () => {
  dns.mood = 'silent';
  expect(urlsOf(await resolver('http://{service}.test.:8080'))).toEqual([]);
});

test('a name that ceases to exist, or has no records, empties the list', async () => {
  dns.set('order.test', a('10.0.0.1'));
  const found = await resolver('http://{service}.test.:8080');
  dns.remove('order.test');
  await until(() => urlsOf(found).length === 0);
  dns.set('order.test', a('10.0.0.2'));
  await until(() => urlsOf(found).length === 1);
  dns.set('order.test', []);
  await until(() => urlsOf(found).length === 0);
});
