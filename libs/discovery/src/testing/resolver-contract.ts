import type { Resolver } from '../resolver.js';

/** Where the instances of a service come from: a setting, a DNS server, a broker. */
export interface InstanceSource {
  /** A resolver of `order` and `user`, on this source. */
  resolver(): Promise<Resolver>;
  /** Lists instances of a service at these ports of 127.0.0.1, and no others. Before `resolver`, or later as well. */
  list(service: string, ports: readonly number[]): Promise<void>;
  /** From now on it does not answer, until the test ends. */
  break(): Promise<void>;
  /** Whether it can change under a resolver. */
  readonly changes: boolean;
}

/** What every resolver must do. Run against static addresses, a DNS server and a broker. */
export function resolverContract(name: string, make: () => Promise<InstanceSource>): void {
  describe(`resolver contract: ${name}`, () => {
    const portsOf = (from: Resolver, service: string) =>
      from
        .endpoints(service)
        .map(({ url }) => Number(/^http:\/\/127\.0\.0\.1:(\d+)$/.exec(url)?.[1]))
        .sort();

    test('every instance is found under its URL, with an id of its own', async () => {
      const source = await make();
      await source.list('order', [4001, 4002]);
      await source.list('user', [4003]);
      const found = await source.resolver();
      await until(() => portsOf(found, 'order').length === 2 && portsOf(found, 'user').length === 1);
      expect([portsOf(found, 'order'), portsOf(found, 'user')]).toEqual([[4001, 4002], [4003]]);
      expect(new Set(found.endpoints('order').map(({ id }) => id)).size).toBe(2);
      expect([...found.services()].sort()).toEqual(['order', 'user']);
    });

    test('an unknown service has no instances, and asking for it waits for nothing', async () => {
      const found = await (await make()).resolver();
      expect([found.endpoints('nobody'), found.endpoints('order'), found.services()]).toEqual([[], [], []]);
    });

    test('the list is the same array as long as nothing changes', async () => {
      const source = await make();
      await source.list('order', [4001]);
      const found = await source.resolver();
      await until(() => portsOf(found, 'order').length === 1);
      const before = found.endpoints('order');
      await pause(300);
      expect(found.endpoints('order')).toBe(before);
    });

    test('while the source does not answer, the known instances stay', async () => {
      const source = await make();
      await source.list('order', [4001, 4002]);
      const found = await source.resolver();
      await until(() => portsOf(found, 'order').length === 2);
      await source.break();
      await pause(600);
      expect(portsOf(found, 'order')).toEqual([4001, 4002]);
    });

    test('after close the last list stays, and closing again does nothing', async () => {
      const source = await make();
      await source.list('order', [4001]);
      const found = await source.resolver();
      await until(() => portsOf(found, 'order').length === 1);
      await found.close();
      if (source.changes) await source.list('order', [4001, 4002]);
      await pause(300);
      expect(portsOf(found, 'order')).toEqual([4001]);
      await found.close();
    });

    test('a new instance is found, and one that is gone is dropped, where the source can change', async () => {
      const source = await make();
      await source.list('order', [4001, 4002]);
      const found = await source.resolver();
      await until(() => portsOf(found, 'order').length === 2);
      if (!source.changes) return;
      await source.list('order', [4002, 4003]);
      await until(() => String(portsOf(found, 'order')) === '4002,4003');
      await source.list('order', []);
      await until(() => found.endpoints('order').length === 0);
      expect(found.services()).toEqual([]);
      await source.list('order', [4004]);
      await until(() => portsOf(found, 'order').length === 1);
      expect(portsOf(found, 'order')).toEqual([4004]);
    });
  });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error('the resolver did not show it within 20 s');
    await pause(10);
  }
}
