import { jest } from '@jest/globals';
import { parseAddressTemplate } from './address-template.js';
import { dnsResolver, type DnsResolverOptions } from './dns-resolver.js';

type Answers = Record<string, readonly { address: string; ttl: number }[] | Error>;

/** A DNS of `name type` → records, or the error that node:dns throws; a name that is missing does not exist. */
class FakeDns {
  readonly asked: { question: string; at: number }[] = [];
  cancelled = false;
  private readonly start = performance.now();

  constructor(
    public addresses: Answers,
    public srv: Record<string, readonly { name: string; port: number; priority: number }[]> = {},
  ) {}

  resolve4 = (name: string) => this.find(`${name} A`);
  resolve6 = (name: string) => this.find(`${name} AAAA`);
  resolveSrv = (name: string) => {
    this.note(`${name} SRV`);
    const found = this.srv[name];
    return found ? Promise.resolve(found) : Promise.reject(failure('ENOTFOUND'));
  };
  cancel = () => void (this.cancelled = true);
  times = () => this.asked.map(({ at }) => at);

  private find(question: string) {
    this.note(question);
    const found = this.addresses[question] ?? failure('ENODATA');
    return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
  }

  private note(question: string): void {
    this.asked.push({ question, at: Math.round(performance.now() - this.start) });
  }
}

const failure = (code: string): Error => Object.assign(new Error(`query ${code}`), { code });
const at = (ttl: number, ...hosts: number[]) => hosts.map((host) => ({ address: `10.0.0.${host}`, ttl }));

const resolve = (client: FakeDns, options: Partial<DnsResolverOptions> = {}) =>
  dnsResolver({
    services: ['order'],
    template: parseAddressTemplate('http://{service}.test.:8080')!,
    client,
    random: () => 0,
    ...options,
  });
const urls = (from: Awaited<ReturnType<typeof dnsResolver>>) => from.endpoints('order').map(({ url }) => url);

beforeEach(() => void jest.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void jest.useRealTimers());

test.each([
  ['the TTL, when that is between the limits', 3, 3_000],
  ['the least time, when the TTL is 0', 0, 1_000],
  ['the longest time, when the TTL is a day', 86_400, 5_000],
])('a name is asked for again after %s', async (_what, ttl, waitMs) => {
  const dns = new FakeDns({ 'order.test A': at(ttl, 1) });
  const found = await resolve(dns);
  await jest.advanceTimersByTimeAsync(waitMs * 2);
  expect(dns.times()).toEqual([0, waitMs, waitMs * 2]);
  await found.close();
});

test('the shortest TTL of an answer counts, and each wait is up to a tenth longer', async () => {
  const dns = new FakeDns({ 'order.test A': [...at(4, 1), ...at(2, 2)] });
  const found = await resolve(dns, { random: () => 0.5 });
  await jest.advanceTimersByTimeAsync(2_200);
  expect(dns.times()).toEqual([0, 2_100]);
  await found.close();
});

test('a new instance is known after TTL and poll, and one that is gone is not any more', async () => {
  const dns = new FakeDns({ 'order.test A': at(5, 1, 2) });
  const found = await resolve(dns);
  const before = found.endpoints('order');
  dns.addresses = { 'order.test A': at(5, 3, 2) };
  await jest.advanceTimersByTimeAsync(4_999);
  expect(found.endpoints('order')).toBe(before);
  await jest.advanceTimersByTimeAsync(1);
  expect(urls(found)).toEqual(['http://10.0.0.2:8080', 'http://10.0.0.3:8080']);
  // What stays is the same instance for the balancer.
  expect(found.endpoints('order')[0]).toBe(before[1]);
  await found.close();
});

test('the order of the records does not matter: a DNS shuffles them', async () => {
  const dns = new FakeDns({ 'order.test A': at(1, 1, 2) });
  const found = await resolve(dns);
  const before = found.endpoints('order');
  dns.addresses = { 'order.test A': at(1, 2, 1) };
  await jest.advanceTimersByTimeAsync(1_000);
  expect([dns.asked.length, found.endpoints('order')]).toEqual([2, before]);
  expect(found.endpoints('order')).toBe(before);
  await found.close();
});

test.each(['ETIMEOUT', 'ESERVFAIL', 'ECONNREFUSED', 'EREFUSED'])(
  'after %s the last addresses stay, and it is asked again after the least time',
  async (code) => {
    const dns = new FakeDns({ 'order.test A': at(5, 1) });
    const found = await resolve(dns);
    dns.addresses = { 'order.test A': failure(code) };
    await jest.advanceTimersByTimeAsync(60_000);
    expect(urls(found)).toEqual(['http://10.0.0.1:8080']);
    expect(dns.times().slice(0, 4)).toEqual([0, 5_000, 6_000, 7_000]);
    dns.addresses = { 'order.test A': at(5, 2) };
    await jest.advanceTimersByTimeAsync(1_000);
    expect(urls(found)).toEqual(['http://10.0.0.2:8080']);
    await found.close();
  },
);

test.each(['ENOTFOUND', 'ENODATA'])('%s counts as the answer that there is none, at the third time', async (code) => {
  const dns = new FakeDns({ 'order.test A': at(5, 1) });
  const found = await resolve(dns);
  const none = { 'order.test A': failure(code), 'order.test AAAA': failure(code) };
  dns.addresses = none;
  await jest.advanceTimersByTimeAsync(6_000);
  dns.addresses = { 'order.test A': at(1, 1) };
  await jest.advanceTimersByTimeAsync(1_000);
  dns.addresses = none;
  await jest.advanceTimersByTimeAsync(2_000);
  expect(found.services()).toEqual(['order']);
  await jest.advanceTimersByTimeAsync(1_000);
  expect([urls(found), found.services()]).toEqual([[], []]);
  await found.close();
});

test('a DNS that is not there yet delays the start, and does not prevent it', async () => {
  const dns = new FakeDns({ 'order.test A': failure('ETIMEOUT') });
  const found = await resolve(dns);
  expect(urls(found)).toEqual([]);
  dns.addresses = { 'order.test A': at(5, 1) };
  await jest.advanceTimersByTimeAsync(1_000);
  expect(urls(found)).toEqual(['http://10.0.0.1:8080']);
  await found.close();
});

test('IPv6 is asked for only where there is no IPv4: an instance with both is listed once', async () => {
  const v6 = [{ address: 'fd00::7', ttl: 5 }];
  const both = new FakeDns({ 'order.test A': at(5, 1), 'order.test AAAA': v6 });
  const only = new FakeDns({ 'order.test AAAA': v6 });
  const found = [await resolve(both), await resolve(only)];
  expect(found.map(urls)).toEqual([['http://10.0.0.1:8080'], ['http://[fd00::7]:8080']]);
  expect(both.asked.map(({ question }) => question)).toEqual(['order.test A']);
  await Promise.all(found.map((each) => each.close()));
});

test('without a port SRV records have it: those of the lowest priority, and what is no host is left out', async () => {
  const dns = new FakeDns(
    { 'a.test A': at(9, 1), 'b.test A': at(2, 2), 'far.test A': at(9, 3) },
    {
      '_http._tcp.order.test': [
        { name: 'a.test', port: 4001, priority: 1 },
        { name: 'b.test', port: 4002, priority: 1 },
        { name: 'missing.test', port: 4003, priority: 1 },
        { name: '', port: 4004, priority: 1 },
        { name: 'far.test', port: 4005, priority: 2 },
      ],
    },
  );
  const template = parseAddressTemplate('https://_http._tcp.{service}.test.')!;
  const found = await resolve(dns, { template });
  expect(urls(found)).toEqual(['https://10.0.0.1:4001', 'https://10.0.0.2:4002']);
  const before = dns.asked.length;
  await jest.advanceTimersByTimeAsync(1_999);
  expect(dns.asked).toHaveLength(before);
  await jest.advanceTimersByTimeAsync(1);
  expect(dns.asked.length).toBeGreaterThan(before);
  await found.close();
});

test('when one host of the SRV records has no answer, nothing is dropped', async () => {
  const dns = new FakeDns(
    { 'a.test A': at(1, 1), 'b.test A': at(1, 2) },
    { 'order.test': ['a', 'b'].map((host) => ({ name: `${host}.test`, port: 80, priority: 0 })) },
  );
  const found = await resolve(dns, { template: parseAddressTemplate('http://{service}.test.')! });
  dns.addresses = { ...dns.addresses, 'b.test A': failure('ETIMEOUT') };
  await jest.advanceTimersByTimeAsync(10_000);
  expect(urls(found)).toEqual(['http://10.0.0.1:80', 'http://10.0.0.2:80']);
  await found.close();
});

test('after close nothing is asked', async () => {
  const dns = new FakeDns({ 'order.test A': at(1, 1) });
  const found = await resolve(dns);
  await found.close();
  await jest.advanceTimersByTimeAsync(60_000);
  expect([dns.asked.length, dns.cancelled]).toEqual([1, true]);
});

test('the domain is added to a name, unless that ends in a dot', async () => {
  const dns = new FakeDns({});
  const domain = 'causeway.svc.cluster.local';
  const found = [
    await resolve(dns, { domain, template: parseAddressTemplate('http://{service}-headless:8080')! }),
    await resolve(dns, { domain, template: parseAddressTemplate('http://{service}.elsewhere.:8080')! }),
  ];
  expect(dns.asked.filter(({ question }) => question.endsWith(' A')).map(({ question }) => question)).toEqual([
    'order-headless.causeway.svc.cluster.local A',
    'order.elsewhere A',
  ]);
  await Promise.all(found.map((each) => each.close()));
});
