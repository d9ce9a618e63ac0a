import { startDns, startNats } from '@causeway/testkit';
import { connect } from '@nats-io/transport-node';
import { announce, dnsResolver, natsResolver, parseAddressTemplate, staticResolver } from '../src/index.js';
import { resolverContract, type InstanceSource } from '../src/testing/resolver-contract.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const services = ['order', 'user'];

resolverContract('static', () => {
  const given: Record<string, string[]> = {};
  return Promise.resolve({
    changes: false,
    list: (service, ports) => Promise.resolve(void (given[service] = ports.map((port) => `http://127.0.0.1:${port}`))),
    resolver: () => Promise.resolve(staticResolver(given)),
    break: () => Promise.resolve(),
  });
});

resolverContract('dns, SRV records', async (): Promise<InstanceSource> => {
  const dns = await startDns();
  cleanups.push(() => dns.stop());
  dns.set('here.test', [{ type: 'A', address: '127.0.0.1' }]);
  return {
    changes: true,
    list: (service, ports) => {
      const name = `_http._tcp.${service}.test`;
      if (ports.length === 0) dns.remove(name);
      else
        dns.set(
          name,
          ports.map((port) => ({ type: 'SRV', target: 'here.test', port })),
        );
      return Promise.resolve();
    },
    resolver: async () => {
      const template = parseAddressTemplate('http://_http._tcp.{service}.test.')!;
      const found = await dnsResolver({ services, template, servers: [dns.server], pollMs: 50, maxAgeMs: 50 });
      cleanups.push(() => found.close());
      return found;
    },
    break: () => Promise.resolve(void (dns.mood = 'servfail')),
  };
});

resolverContract('nats', async (): Promise<InstanceSource> => {
  const nats = await startNats();
  cleanups.push(() => nats.stop());
  const connection = async () => {
    const nc = await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
    cleanups.push(() => nc.close());
    return nc;
  };
  const announcing = await connection();
  const announced = new Map<string, Awaited<ReturnType<typeof announce>>>();
  return {
    changes: true,
    list: async (name, ports) => {
      const wanted = new Map(ports.map((port) => [`${name}-${port}`, `http://127.0.0.1:${port}`]));
      for (const [id, announcement] of announced) {
        if (!id.startsWith(name) || wanted.has(id)) continue;
        announced.delete(id);
        await announcement.stop();
      }
      for (const [id, url] of wanted) {
        if (!announced.has(id))
          announced.set(id, await announce(announcing, { name, id, version: '1.0.0', metadata: { url } }));
      }
    },
    resolver: async () => {
      const found = natsResolver(await connection(), { services, pollMs: 50 });
      cleanups.push(() => found.close());
      return found;
    },
    break: () => nats.kill(),
  };
});
