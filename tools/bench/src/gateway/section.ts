import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Shopper } from '@causeway/demo-client';
import { startSystem } from '@causeway/launcher';
import { Agent, request } from 'undici';
import { inFolder } from '../infrastructure.js';
import { cpuSeconds } from '../measure.js';
import { unlimited } from '../orders/load.js';
import { barOf } from '../rounds.js';
import { figure, withSpread, type Bar, type Section } from '../section.js';

const peers = ['@fastify/http-proxy', 'http-proxy-middleware', 'Nest + axios'];
const connections = 32;

interface Proxy {
  readonly name: string;
  readonly pid: number;
  readonly url: string;
}

async function startPeer(name: string, target: string): Promise<Proxy & { readonly child: ChildProcess }> {
  const child = fork(fileURLToPath(new URL('proxy-process.js', import.meta.url)), [name, target], { silent: true });
  const died = once(child, 'exit').then(() => Promise.reject(new Error(`${name} did not start`)));
  const [port] = (await Promise.race([once(child.stdout!, 'data'), died])) as [Buffer];
  died.catch(() => undefined);
  return { name, child, pid: child.pid!, url: `http://127.0.0.1:${port.toString().trim()}` };
}

export const gateway: Section = {
  name: 'gateway',
  title: `A GET passed on to the order service, ${connections} connections`,
  run: ({ quick, say }) =>
    inFolder(async (folder) => {
      const system = await startSystem({
        folder: join(folder, 'system'),
        ports: 'any',
        env: { all: { OTEL_TRACES_SAMPLER_ARG: '0.1' }, gateway: unlimited },
      });
      const dispatcher = new Agent({ connections });
      const started: (Proxy & { child: ChildProcess })[] = [];
      try {
        const customer = await Shopper.create(system.endpoints);
        const product = (await customer.products())[0]!;
        const path = `/v1/products/${product.id}`;
        const headers = { authorization: `Bearer ${customer.accessToken}` };
        const order = system.services.find(({ service }) => service === 'order')!;
        for (const name of peers) started.push(await startPeer(name, order.url));
        const own = system.services.find(({ service }) => service === 'gateway')!;
        const proxies: Proxy[] = [
          { name: 'ours: token, scope, rate limit, breaker, telemetry', pid: own.pid, url: own.url },
          ...started,
        ];
        const get = async (url: string): Promise<void> => {
          const { statusCode, body } = await request(url + path, { headers, dispatcher });
          await body.dump();
          if (statusCode !== 200) throw new Error(`${url}${path} answered ${statusCode}`);
        };
        const round = async ({ pid, url }: Proxy, requests: number) => {
          const [cpu, begun] = [cpuSeconds(pid), performance.now()];
          let left = requests;
          await Promise.all(
            Array.from({ length: connections }, async () => {
              while (left-- > 0) await get(url);
            }),
          );
          return {
            microseconds: ((cpuSeconds(pid) - cpu) / requests) * 1e6,
            perSecond: (requests / (performance.now() - begun)) * 1_000,
          };
        };
        const results = proxies.map(() => ({ microseconds: [] as number[], perSecond: [] as number[] }));
        const rounds = quick ? 1 : 5;
        for (let index = 0; index <= rounds; index += 1) {
          say(index === 0 ? 'warming up' : `round ${index} of ${rounds}`);
          for (const [at, proxy] of proxies.entries()) {
            const measured = await round(proxy, quick ? 200 : 6_000);
            if (index === 0) continue;
            results[at]!.microseconds.push(measured.microseconds);
            results[at]!.perSecond.push(measured.perSecond);
          }
        }
        const cpu: Bar[] = results.map(({ microseconds }, at) => barOf(proxies[at]!.name, microseconds));
        const rate = results.map(({ perSecond }, at) => barOf(proxies[at]!.name, perSecond));
        const floor = cpu[1]!.value;
        return [
          {
            title: 'CPU of the proxy for one request',
            columns: ['proxy', 'µs', '÷ @fastify/http-proxy', 'requests/s'],
            rows: cpu.map((bar, at) => [
              bar.name,
              withSpread(bar),
              (bar.value / floor).toFixed(2),
              figure(rate[at]!.value),
            ]),
            note: 'Aim: at most 1.4 of the bare proxy, and half of Nest with axios. The rates are bounded by the order service, which all of them call.',
            bars: { unit: 'µs CPU per request', values: cpu },
          },
        ];
      } finally {
        for (const { child } of started) child.kill();
        await dispatcher.close();
        await system.stop();
      }
    }),
};
