import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { getAddress, type RpcDefinition } from '@causeway/contracts';
import { Shopper } from '@causeway/demo-client';
import { HandlesRpc, RemoteError, RpcClient } from '@causeway/messaging';
import { connect, createInbox } from '@nats-io/transport-node';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxyFactory, MessagePattern, Transport, type NatsOptions } from '@nestjs/microservices';
import { ServiceBroker } from 'moleculer';
import { lastValueFrom } from 'rxjs';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { inFolder, messagingApp, withNats } from './infrastructure.js';
import { startMeasured } from './orders/measured-system.js';
import { inTurn, perSecond, type Contender } from './rounds.js';
import { withSpread, type Section, type Table } from './section.js';

const message = { customerId: '01939f00-0000-7000-8000-000000000001', street: '12 St James’s Square', city: 'London' };
const shape = z.object({ customerId: z.string(), street: z.string(), city: z.string() });
const echo = {
  subject: 'bench.rpc.echo.v1',
  owner: 'bench',
  request: shape,
  response: shape,
} as unknown as RpcDefinition<typeof message, typeof message>;

interface Peer {
  readonly name: string;
  readonly call: () => Promise<unknown>;
  readonly close: () => Promise<unknown>;
}

async function raw(servers: string): Promise<Peer> {
  const [server, client] = await Promise.all([connect({ servers }), connect({ servers, noAsyncTraces: true })]);
  server.subscribe('bench.raw', { callback: (_, received) => void received.respond(JSON.stringify(received.json())) });
  await server.flush();
  const payload = JSON.stringify(message);
  return {
    name: 'raw NATS request',
    call: async () => (await client.request('bench.raw', payload, { timeout: 1_000 })).json(),
    close: () => Promise.all([server.close(), client.close()]),
  };
}

@Controller()
class OurEcho {
  @HandlesRpc(echo)
  echo(request: typeof message): typeof message {
    return request;
  }
}

async function ours(servers: string): Promise<Peer> {
  const app = await messagingApp(servers, { service: 'bench', controllers: [OurEcho] });
  const client = app.get(RpcClient);
  return {
    name: 'ours: schemas, deadline, breaker, bulkhead',
    call: () => client.call(echo, message),
    close: () => app.close(),
  };
}

@Controller()
class EchoController {
  @MessagePattern('bench.nest')
  echo(data: unknown): unknown {
    return data;
  }
}
@Module({ controllers: [EchoController] })
class EchoModule {}

async function nest(servers: string): Promise<Peer> {
  const transport: NatsOptions & { transport: Transport.NATS } = {
    transport: Transport.NATS,
    options: { servers: [servers] },
  };
  const app = await NestFactory.createMicroservice(EchoModule, { ...transport, logger: false });
  await app.listen();
  const client = ClientProxyFactory.create(transport);
  await client.connect();
  return {
    name: 'Nest ClientNats',
    call: () => lastValueFrom(client.send('bench.nest', message)),
    close: async () => {
      await client.close();
      await app.close();
    },
  };
}

async function moleculer(servers: string): Promise<Peer> {
  const options = {
    transporter: { type: 'NATS', options: { url: servers } } as const,
    logger: false,
    requestTimeout: 1_000,
  };
  const [server, client] = [
    new ServiceBroker({ ...options, nodeID: 'server' }),
    new ServiceBroker({ ...options, nodeID: 'client' }),
  ];
  server.createService({ name: 'bench', actions: { echo: (context: { params: unknown }) => context.params } });
  await Promise.all([server.start(), client.start()]);
  await client.waitForServices('bench');
  return {
    name: 'moleculer over NATS',
    call: () => client.call('bench.echo', message),
    close: () => Promise.all([client.stop(), server.stop()]),
  };
}

async function http(): Promise<Peer> {
  const server = createServer((incoming, outgoing) => incoming.pipe(outgoing)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const dispatcher = new Agent({ connections: 64 });
  const body = JSON.stringify(message);
  return {
    name: 'HTTP with undici',
    call: async () => (await request(url, { method: 'POST', body, dispatcher })).body.json(),
    close: async () => {
      await dispatcher.close();
      server.close();
    },
  };
}

/** Repeats what a service refuses because too much is waiting already. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof RemoteError && error.retryable)) throw error;
      await sleep(5);
    }
  }
}

/** `get-address` of the user service as the order service calls it: one statement, and the fields decrypted. */
export const addressTable = (ms: number, rounds: number, say: (line: string) => void, base?: string): Promise<Table> =>
  inFolder(async (folder) => {
    const system = await startMeasured(join(folder, 'system'), { ...(base !== undefined && { base }) });
    const servers = system.urls.nats;
    const order = await connect({
      servers,
      user: 'order',
      pass: system.secrets.nats['order']!,
      inboxPrefix: createInbox('_INBOX_order'),
      noAsyncTraces: true,
    });
    try {
      const customer = await Shopper.create(system.endpoints);
      const address = await customer.addAddress();
      const { sub } = JSON.parse(Buffer.from(customer.accessToken.split('.')[1]!, 'base64url').toString()) as {
        sub: string;
      };
      const wanted = { userId: sub, addressId: address.id };
      const client = new RpcClient(order);
      const contender: Contender = {
        name: 'get-address of the user service',
        measure: () => perSecond(() => patiently(() => client.call(getAddress, wanted)), 32, ms),
      };
      const bars = await inTurn([contender], rounds, say);
      return {
        title: 'Addresses a second, 32 in flight',
        columns: ['', 'calls/s'],
        rows: bars.map((bar) => [bar.name, withSpread(bar)]),
        note: 'The caller, the service, its database and the broker share the processors.',
      };
    } finally {
      await order.close();
      await system.stop();
    }
  });

export const rpc: Section = {
  name: 'rpc',
  title: 'Request and reply: an echo of 130 bytes, 64 in flight, both sides in one process',
  run: ({ quick, say }) =>
    withNats(async ({ url }) => {
      const peers = await Promise.all([raw(url), ours(url), nest(url), moleculer(url), http()]);
      const ms = quick ? 100 : 2_000;
      const contenders = peers.map(({ name, call }): Contender => ({ name, measure: () => perSecond(call, 64, ms) }));
      const bars = await inTurn(contenders, quick ? 1 : 7, say);
      for (const { close } of peers) await close();
      say('get-address');
      return [
        {
          title: 'Calls a second',
          columns: ['transport', 'calls/s', '÷ raw'],
          rows: bars.map((bar) => [bar.name, withSpread(bar), (bar.value / bars[0]!.value).toFixed(2)]),
          note: 'Aim: at least 0.8 of a raw request. Telemetry is not started, as in every contender.',
          bars: { unit: 'calls/s', values: bars },
        },
        await addressTable(ms, quick ? 1 : 5, say),
      ];
    }),
};
