import { consumers, durableName, messages, rpcs, streamOf, streams } from '@causeway/contracts';
import { provision } from '@causeway/messaging';
import { services as listed } from '@causeway/system';
import { natsPermissions } from '@causeway/system/topology';
import { startNats, type TestNats } from '@causeway/testkit';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, PermissionViolationError, type NatsConnection } from '@nats-io/transport-node';

const users = Object.keys(natsPermissions());
const services = users.filter((user) => user !== 'provisioner' && user !== 'operator');
const connections: NatsConnection[] = [];
let nats: TestNats;

beforeAll(async () => {
  nats = await startNats({ accounts: Object.fromEntries(users.map((user) => [user, `k${user}`])) });
  await provision(await as('provisioner'), { streams, consumers, replicas: 1 });
}, 120_000);

afterAll(async () => {
  for (const nc of connections) await nc.close();
  await nats?.stop();
});

async function as(user: string, pass = `k${user}`): Promise<NatsConnection> {
  const nc = await connect({ servers: nats.url, user, pass, inboxPrefix: `_INBOX_${user}.test`, reconnect: false });
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
  for (const user of users) await expect(as(user, 'wrong')).rejects.toThrow(/authorization/i);
  await expect(connect({ servers: nats.url, reconnect: false })).rejects.toThrow(/authorization/i);
});

const sendersOf = (subject: string): string[] =>
  listed.filter(({ sends = [] }) => sends.includes(subject)).map(({ name }) => name);
const listenersOf = (subject: string): string[] =>
  listed
    .filter(({ listens = [] }) => listens.some((pattern) => subject.startsWith(pattern.replace(/>$/, ''))))
    .map(({ name }) => name);
/** Every subject that anything is said on, with whoever may publish to it and whoever may listen: written down a second time. */
const borders: { subject: string; publish: readonly string[]; subscribe: readonly string[] }[] = [
  ...messages.map(({ subject, owner, kind }) => ({
    subject,
    // A replay of a dead letter is the message once more.
    publish: [...(kind === 'event' ? [owner] : sendersOf(subject)), ...(isConsumed(subject) ? ['operator'] : [])],
    subscribe: listenersOf(subject),
  })),
  ...rpcs.map(({ subject, owner }) => ({ subject, publish: sendersOf(subject), subscribe: [owner] })),
  ...consumers.flatMap((consumer) => {
    const place = `${streamOf(consumer.message.subject).name}.${durableName(consumer)}`;
    const own = { publish: [consumer.service], subscribe: [] };
    return [
      { subject: `dlq.${durableName(consumer)}`, ...own },
      { subject: `$JS.API.CONSUMER.MSG.NEXT.${place}`, publish: [consumer.service, 'provisioner'], subscribe: [] },
      { subject: `$JS.ACK.${place}.1.1.1.1.0`, ...own },
    ];
  }),
  ...streams.flatMap(({ name }) =>
    ['CREATE', 'UPDATE', 'DELETE', 'PURGE', 'MSG.DELETE'].map((verb) => ({
      subject: `$JS.API.STREAM.${verb}.${name}`,
      publish: name === 'DLQ' && verb === 'MSG.DELETE' ? ['operator', 'provisioner'] : ['provisioner'],
      subscribe: [],
    })),
  ),
  ...['ADVISORY', 'AUDIT', 'DLQ'].map((name) => ({
    subject: `$JS.API.STREAM.MSG.GET.${name}`,
    publish: ['operator', 'provisioner'],
    subscribe: [],
  })),
  { subject: 'audit.dlq.replay', publish: ['operator'], subscribe: [] },
  ...users.map((user) => ({ subject: `_INBOX_${user}.test.x`, publish: [], subscribe: [user] })),
  ...services.flatMap((service) => {
    const wakes = messages.some(({ owner, kind }) => owner === service && kind === 'event') ? [service] : [];
    return [
      { subject: `causeway.outbox.wake.${service}`, publish: wakes, subscribe: wakes },
      { subject: `causeway.discovery.announced.${service}`, publish: [service], subscribe: findersOf(service) },
      { subject: `causeway.discovery.left.${service}`, publish: [service], subscribe: findersOf(service) },
      { subject: `$SRV.PING.${service}`, publish: findersOf(service), subscribe: [service] },
      { subject: `$SRV.INFO.${service}`, publish: [], subscribe: [service] },
      { subject: `$SRV.INFO.${service}.${service}-1`, publish: [], subscribe: [service] },
    ];
  }),
];

function findersOf(service: string): string[] {
  return service === 'gateway' ? [] : ['gateway'];
}

function isConsumed(subject: string): boolean {
  return consumers.some(({ message }) => message.subject === subject);
}

test('the table above names every subject that a message, a call or a dead letter has', () => {
  expect(borders.filter(({ publish }) => publish === undefined)).toEqual([]);
  expect(new Set(borders.map(({ subject }) => subject)).size).toBe(borders.length);
});

test.each(users)('%s publishes and hears what is its own, and every other subject is refused', async (user) => {
  const others = borders.filter(({ publish }) => !publish.includes(user)).map(({ subject }) => `publish ${subject}`);
  const deaf = borders.filter(({ subscribe }) => !subscribe.includes(user));
  const refused = await refusals(user, (nc) => {
    for (const { subject, publish } of borders) {
      // What a service may ask of JetStream would be answered: only the refusals are looked at here.
      if (!publish.includes(user) || !subject.startsWith('$JS.')) nc.publish(subject, '{}');
    }
    for (const { subject } of borders) nc.subscribe(subject);
    for (const subject of ['>', '*.>', '$JS.>', '$SYS.>', '_INBOX_*.>', 'dlq.>']) nc.subscribe(subject);
  });
  expect(refused.sort()).toEqual(
    [
      ...others,
      ...deaf.map(({ subject }) => `subscription ${subject}`),
      ...['>', '*.>', '$JS.>', '$SYS.>', '_INBOX_*.>', 'dlq.>'].map((subject) => `subscription ${subject}`),
    ].sort(),
  );
});

test('the operator sees every stream and consumer, changes none, and reads no business message', async () => {
  const jsm = await jetstreamManager(await as('operator'), { checkAPI: false, timeout: 1_000 });
  for (const { name } of streams) expect((await jsm.streams.info(name)).config.name).toBe(name);
  expect(await jsm.consumers.list('PAYMENT').next()).not.toEqual([]);
  await expect(jsm.streams.getMessage('PAYMENT', { seq: 1 })).rejects.toThrow();
  await expect(jsm.streams.delete('DLQ')).rejects.toThrow();
  await expect(jsm.consumers.delete('PAYMENT', durableName(consumers[0]!))).rejects.toThrow();
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
  await (await jetstreamManager(await as('provisioner'))).streams.purge('PAYMENT');
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
