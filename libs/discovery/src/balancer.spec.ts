import { Balancer, NoEndpoint, staticResolver, type Endpoint, type Resolver } from './index.js';

/** A generator with a seed (mulberry32), so that a failure can be repeated. */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let value = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

function setup(count: number) {
  const clock = { now: 1_000 };
  const urls = Array.from({ length: count }, (_, index) => `http://127.0.0.1:${4001 + index}`);
  const balancer = new Balancer(staticResolver({ order: urls }), { random: seeded(7), now: () => clock.now });
  /** One call at a time; returns how often each instance was used. */
  const drive = (calls: number, behave: (url: string) => { ms: number; failed?: boolean; overloaded?: boolean }) => {
    const used = Object.fromEntries(urls.map((url) => [url, 0]));
    for (let call = 0; call < calls; call += 1) {
      const picked = balancer.pick('order');
      used[picked.endpoint.url]! += 1;
      clock.now += 1;
      picked.report({ failed: false, ...behave(picked.endpoint.url) });
    }
    return urls.map((url) => used[url]!);
  };
  return { balancer, clock, urls, drive };
}

test('an unknown service is an error that names it', () => {
  const { balancer } = setup(1);
  expect(() => balancer.pick('payment')).toThrow(NoEndpoint);
  expect(() => balancer.pick('payment')).toThrow('no instance of payment is available');
});

test('equal instances get about equal shares of concurrent calls', () => {
  const { balancer, urls } = setup(4);
  const used = new Map<string, number>();
  for (let call = 0; call < 400; call += 1) {
    const { url } = balancer.pick('order').endpoint;
    used.set(url, (used.get(url) ?? 0) + 1);
  }
  for (const url of urls) expect(used.get(url)).toBeGreaterThan(90);
});

test('a slow instance gets little traffic, and is tried again later', () => {
  const { drive, urls, clock } = setup(2);
  const slow = (url: string) => ({ ms: url === urls[0] ? 500 : 5 });
  const [toSlow] = drive(500, slow);
  expect(toSlow).toBeLessThan(25);
  clock.now += 120_000;
  const [again] = drive(1_000, () => ({ ms: 5 }));
  expect(again).toBeGreaterThan(100);
});

test('an overloaded instance gets little traffic for a while, but is never ejected', () => {
  const { drive, urls, clock } = setup(2);
  const [toBusy] = drive(500, (url) => (url === urls[0] ? { ms: 1, overloaded: true } : { ms: 5 }));
  expect(toBusy).toBeGreaterThan(0);
  expect(toBusy).toBeLessThan(25);
  const { drive: only } = setup(1);
  expect(only(40, () => ({ ms: 1, overloaded: true }))).toEqual([40]);
  clock.now += 120_000;
  const [again] = drive(1_000, () => ({ ms: 5 }));
  expect(again).toBeGreaterThan(50);
});

test('silence ejects an instance only when it responds to no other call meanwhile', () => {
  const silence = { ms: 3_000, failed: true, silent: true };
  for (const answers of [true, false]) {
    const { balancer, urls, drive } = setup(2);
    const other = urls[1]!;
    const pick = () => balancer.pick('order', new Set([other]));
    const calls = Array.from({ length: 10 }, pick);
    if (answers) pick().report({ ms: 5, failed: false });
    for (const call of calls) call.report(silence);
    const [used] = drive(400, () => ({ ms: 5 }));
    expect([answers, used! > 0]).toEqual([answers, answers]);
  }
});

test('a new instance is used at once, but does not get everything', () => {
  const clock = { now: 0 };
  let list: readonly Endpoint[] = [{ id: 'a', url: 'http://a' }];
  const resolver: Resolver = { endpoints: () => list, services: () => ['order'], close: () => Promise.resolve() };
  // Random 0 compares the known one with the new one each time, in this order.
  const balancer = new Balancer(resolver, { random: () => 0, now: () => (clock.now += 1) });
  for (let call = 0; call < 50; call += 1) balancer.pick('order').report({ ms: 20, failed: false });
  list = [...list, { id: 'b', url: 'http://b' }];
  const burst = Array.from({ length: 100 }, () => balancer.pick('order').endpoint.id);
  expect(burst.filter((id) => id === 'b').length).toBeGreaterThan(40);
  expect(burst.filter((id) => id === 'b').length).toBeLessThan(60);
});

test('five failures in a row eject an instance for ten seconds; then one more failure is enough', () => {
  const { drive, urls, clock } = setup(2);
  const broken = (url: string) => ({ ms: 0.1, failed: url === urls[0] });
  const [failures] = drive(1_000, broken);
  expect(failures).toBe(5);
  clock.now += 10_000;
  const [again] = drive(1_000, broken);
  expect(again).toBe(1);
});

test('a success in between clears the count', () => {
  const { balancer, urls } = setup(2);
  const call = (failed: boolean) => {
    const picked = balancer.pick('order', new Set([urls[1]!]));
    picked.report({ ms: 1, failed });
    return picked.endpoint.url;
  };
  for (const failed of [true, true, true, true, false, true, true, true, true]) expect(call(failed)).toBe(urls[0]);
  // Still in use; the fifth failure in a row takes it out, and the other one is used although it is to be avoided.
  expect(call(true)).toBe(urls[0]);
  expect(call(true)).toBe(urls[1]);
});

test('with every instance ejected all are used', () => {
  const { drive } = setup(3);
  drive(100, () => ({ ms: 1, failed: true }));
  const used = drive(300, () => ({ ms: 1 }));
  expect(used.every((count) => count > 0)).toBe(true);
});

test('an instance that was tried is avoided while there is another', () => {
  const { balancer } = setup(2);
  const tried = balancer.pick('order');
  for (let index = 0; index < 50; index += 1) {
    const other = balancer.pick('order', new Set([tried.endpoint.url]));
    expect(other.endpoint.url).not.toBe(tried.endpoint.url);
    other.report({ ms: 1, failed: false });
  }
  const alone = setup(1).balancer;
  const only = alone.pick('order');
  expect(alone.pick('order', new Set([only.endpoint.url])).endpoint).toEqual(only.endpoint);
});

test('a call is reported once', () => {
  const { balancer } = setup(2);
  const picked = balancer.pick('order');
  for (let index = 0; index < 10; index += 1) picked.report({ ms: 1, failed: true });
  // Ten failures would have taken it out; a negative number of calls in flight would draw every call to it.
  const others = Array.from({ length: 20 }, () => balancer.pick('order').endpoint.url);
  expect(new Set(others).size).toBe(2);
});
