import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { consumers, durableName, streams } from '@causeway/contracts';
import { natsBinary } from '@causeway/launcher/nats';
import { natsPermissions, natsServerConfig, provision } from '@causeway/messaging';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, PermissionViolationError, type NatsConnection } from '@nats-io/transport-node';

const users = Object.keys(natsPermissions());
const folder = mkdtempSync(join(tmpdir(), 'nats-permissions-'));
const connections: NatsConnection[] = [];
let server: ChildProcess;
let port: number;

beforeAll(async () => {
  const passwords = users.map((user) => `NATS_PASSWORD_${user.toUpperCase()}: "k${user}"`);
  writeFileSync(join(folder, 'passwords.conf'), passwords.join('\n'));
  writeFileSync(
    join(folder, 'nats.conf'),
    natsServerConfig({ include: 'passwords.conf', storeDir: join(folder, 'data') }),
  );
  mkdirSync(join(folder, 'data'));
  const monitor = await freePort();
  port = await freePort();
  const places = ['--addr', '127.0.0.1', '--port', String(port), '--http_port', String(monitor)];
  server = spawn(await natsBinary(), ['--config', join(folder, 'nats.conf'), ...places], { stdio: 'ignore' });
  const nc = await as('provisioner');
  await provision(nc, { streams, consumers, replicas: 1 });
}, 120_000);

afterAll(async () => {
  for (const nc of connections) await nc.close();
  const gone = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await gone;
  rmSync(folder, { recursive: true, force: true });
});

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });

async function as(user: string, pass = `k${user}`): Promise<NatsConnection> {
  const inboxPrefix = `_INBOX_${user}.test`;
  const nc = await connect({
    servers: `127.0.0.1:${port}`,
    user,
    pass,
    inboxPrefix,
    waitOnFirstConnect: pass === `k${user}`,
  });
  connections.push(nc);
  return nc;
}

/** What the server refused while the action ran: `publish order.evt.placed.v1`. */
async function refusals(user: string, action: (nc: NatsConnection) => void): Promise<string[]> {
  const nc = await as(user);
  const found: string[] = [];
  void (async () => {
    for await (const status of nc.status()) {
      if (status.type === 'error' && status.error instanceof PermissionViolationError)
        found.push(`${status.error.operation} ${status.error.subject}`);
    }
  })();
  action(nc);
  await nc.flush();
  await nc.flush();
  return found;
}

test('without a password, or with a wrong one, nobody gets in', async () => {
  await expect(as('order', 'wrong')).rejects.toThrow(/authorization/i);
  await expect(connect({ servers: `127.0.0.1:${port}` })).rejects.toThrow(/authorization/i);
});

test.each([
  ['order', 'payment.evt.captured.v1', 'an outcome of a payment'],
  ['payment', 'order.evt.confirmed.v1', 'an event of orders'],
  ['payment', 'payment.cmd.refund.v1', 'a command to itself'],
  ['user', 'payment.cmd.capture.v1', 'a command to payment'],
  ['gateway', 'order.evt.confirmed.v1', 'anything that customers are shown'],
  ['gateway', 'user.rpc.get-address.v1', 'a call for an address'],
  ['order', '$JS.API.STREAM.DELETE.ORDER', 'the deletion of a stream'],
  ['order', '$JS.API.STREAM.MSG.DELETE.PAYMENT', 'the deletion of a message'],
  ['order', '$JS.API.STREAM.MSG.GET.USER', 'a look into the stream of another'],
  ['order', `$JS.API.CONSUMER.MSG.NEXT.PAYMENT.${durableName(consumers[0]!)}`, 'a message that payment is to handle'],
  ['provisioner', 'order.evt.confirmed.v1', 'an event'],
])('%s may not publish %s: %s', async (user, subject) => {
  expect(await refusals(user, (nc) => nc.publish(subject, '{}'))).toEqual([`publish ${subject}`]);
});

test.each([
  ['payment', '_INBOX_order.>'],
  ['gateway', 'payment.evt.>'],
  ['order', 'user.rpc.get-address.v1'],
  ['order', '$JS.API.>'],
  ['user', 'dlq.>'],
  ['provisioner', 'order.evt.>'],
  ['gateway', '>'],
])('%s may not listen to %s', async (user, subject) => {
  expect(await refusals(user, (nc) => void nc.subscribe(subject))).toEqual([`subscription ${subject}`]);
});

test('every service may do what the topology gives it: all of its subjects are accepted', async () => {
  for (const [user, { publish, subscribe }] of Object.entries(natsPermissions())) {
    const refused = await refusals(user, (nc) => {
      for (const subject of subscribe) nc.subscribe(subject.replaceAll(/\.\*/g, '.x').replace(/>$/, 'x'));
      for (const subject of publish.filter((name) => !name.startsWith('$JS.API'))) {
        nc.publish(subject.replaceAll(/\.\*/g, '.x').replace(/>$/, 'x'), '{}');
      }
    });
    expect([user, refused]).toEqual([user, []]);
  }
});

test('a service consumes, acknowledges and answers; replies reach the caller only', async () => {
  const [order, payment, user] = [await as('order'), await as('payment'), await as('user')];
  const definition = consumers.find(({ service }) => service === 'payment')!;
  await jetstream(order).publish(definition.message.subject, '{}');
  const consumer = await jetstream(payment).consumers.get('PAYMENT', durableName(definition));
  const message = await consumer.next({ expires: 5_000 });
  expect(await message!.ackAck({ timeout: 5_000 })).toBe(true);

  user.subscribe('user.rpc.get-address.v1', { queue: 'user', callback: (_, request) => void request.respond('here') });
  await user.flush();
  expect((await order.request('user.rpc.get-address.v1', '{}', { timeout: 5_000 })).string()).toBe('here');
});

test('a service sees the streams that it publishes to, and cannot change them', async () => {
  const jsm = await jetstreamManager(await as('payment'), { checkAPI: false, timeout: 1_000 });
  expect((await jsm.streams.info('PAYMENT')).config.name).toBe('PAYMENT');
  await expect(jsm.streams.purge('PAYMENT')).rejects.toThrow();
});
