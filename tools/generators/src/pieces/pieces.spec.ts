import { differences, repositoryTree } from '../testing/repository-tree.js';
import { addCommand, removeCommand } from './command.js';
import { addConsumer, removeConsumer } from './consumer.js';
import { addEvent, removeEvent } from './event.js';
import { addMigration, migrationsOf, nextTimestamp, removeMigration } from './migration.js';
import { publishedContract } from './published.js';
import { addRoute, removeRoute } from './route.js';
import { addRpc, removeRpc } from './rpc.js';

const timestamp = '20270101000000';
const notes = {
  service: 'order',
  path: '/v1/orders/{orderId}/notes',
  scope: 'orders',
  timestamp,
  field: ['text:line(20)'],
};

const pieces = [
  ['an event', addEvent, removeEvent, { service: 'order', subject: 'order.evt.shipped.v1', field: ['orderId:id'] }],
  ['a second version of an event', addEvent, removeEvent, { service: 'user', subject: 'user.evt.registered.v2' }],
  [
    'a consumer in a service with a domain',
    addConsumer,
    removeConsumer,
    { service: 'order', subject: 'user.evt.registered.v1', timestamp },
  ],
  [
    'a consumer in a flat service',
    addConsumer,
    removeConsumer,
    { service: 'user', subject: 'order.evt.placed.v1', timestamp },
  ],
  [
    'a consumer that joins others',
    addConsumer,
    removeConsumer,
    { service: 'payment', subject: 'order.evt.cancelled.v1', timestamp },
  ],
  ['a command', addCommand, removeCommand, { service: 'user', subject: 'user.cmd.block.v1', timestamp, from: 'order' }],
  ['an RPC', addRpc, removeRpc, { service: 'order', subject: 'order.rpc.get-parcel.v1', timestamp, from: 'gateway' }],
  ['a migration', addMigration, removeMigration, { service: 'order', name: 'add-carrier', timestamp }],
  ['a route', addRoute, removeRoute, { ...notes, method: 'POST' }],
  [
    'a route in a service without others like it',
    addRoute,
    removeRoute,
    {
      service: 'payment',
      method: 'GET',
      path: '/v1/vouchers',
      timestamp,
      field: ['code:identifier(12)', 'cost:amountMinor'],
    },
  ],
] as const;

test.each(pieces)('%s is added, and removed without a trace', async (_, add, remove, options) => {
  const tree = repositoryTree();
  await add(tree, options as never);
  const changed = differences(tree);
  expect(changed.filter((path) => path.startsWith(`apps/${options.service}/`)).length).toBeGreaterThan(0);
  await remove(tree, options as never);
  expect(differences(tree)).toEqual([]);
});

const refused = [
  [
    'a service that there is not',
    addEvent,
    { service: 'shop', subject: 'shop.evt.opened.v1' },
    'no service shop. There are: gateway',
  ],
  [
    'a subject without version',
    addEvent,
    { service: 'order', subject: 'order.evt.shipped' },
    '<owner>.evt.<what happened>.v<number>',
  ],
  ['a subject in capitals', addEvent, { service: 'order', subject: 'order.evt.Shipped.v1' }, 'as order.evt.shipped.v1'],
  ['a command for an event', addEvent, { service: 'order', subject: 'order.cmd.ship.v1' }, '.evt.'],
  ['an event of another', addEvent, { service: 'order', subject: 'user.evt.left.v1' }, 'belongs to user'],
  ['an event without a broker', addEvent, { service: 'psp-sandbox', subject: 'psp.evt.charged.v1' }, 'belongs to psp'],
  [
    'an event without an outbox',
    addEvent,
    { service: 'gateway', subject: 'gateway.evt.called.v1' },
    'through the outbox',
  ],
  [
    'an event that there is, with a field less',
    addEvent,
    { service: 'user', subject: 'user.evt.registered.v1', field: ['userId:id'] },
    'new version beside it: user.evt.registered.v2',
  ],
  [
    'a version without the one before',
    addEvent,
    { service: 'user', subject: 'user.evt.registered.v3' },
    'user.evt.registered.v2',
  ],
  [
    'an event about nothing',
    addEvent,
    { service: 'order', subject: 'order.evt.shipped.v1', field: ['at:timestamp'] },
    'field of the type id',
  ],
  [
    'a type that there is not',
    addEvent,
    { service: 'order', subject: 'order.evt.shipped.v1', field: ['a:string'] },
    'There are: id, timestamp',
  ],
  [
    'a field twice',
    addEvent,
    { service: 'order', subject: 'order.evt.shipped.v1', field: ['a:id', 'a:id'] },
    'given twice',
  ],
  [
    'a range upside down',
    addEvent,
    { service: 'order', subject: 'order.evt.shipped.v1', field: ['a:int(9,1)'] },
    'no type',
  ],
  [
    'an event of nobody',
    addConsumer,
    { service: 'order', subject: 'crm.evt.called.v1', timestamp },
    'Nobody publishes crm.evt.called.v1',
  ],
  [
    'an event that is not there',
    addConsumer,
    { service: 'user', subject: 'order.evt.shipped.v1', timestamp },
    'Of order there are: order.evt.placed.v1',
  ],
  [
    'a consumer without a database',
    addConsumer,
    { service: 'gateway', subject: 'order.evt.placed.v1', timestamp },
    'inbox',
  ],
  [
    'a consumer without a broker',
    addConsumer,
    { service: 'psp-sandbox', subject: 'order.evt.placed.v1', timestamp },
    'account of the broker',
  ],
  [
    'a message that it handles',
    addConsumer,
    { service: 'order', subject: 'payment.evt.voided.v1', timestamp },
    'already',
  ],
  [
    'an RPC without a broker',
    addRpc,
    { service: 'psp-sandbox', subject: 'psp.rpc.get-charge.v1', timestamp },
    'belongs to psp',
  ],
  [
    'an RPC in one word',
    addRpc,
    { service: 'user', subject: 'user.rpc.ping.v1', timestamp },
    '<a verb and what it is about>',
  ],
  [
    'an RPC without a database',
    addRpc,
    { service: 'gateway', subject: 'gateway.rpc.get-route.v1', timestamp },
    'answers from what its service owns',
  ],
  [
    'a command from one without a database',
    addCommand,
    { service: 'user', subject: 'user.cmd.block.v1', from: 'gateway', timestamp },
    'through the outbox',
  ],
  [
    'a migration without a database',
    addMigration,
    { service: 'gateway', name: 'add-x', timestamp },
    'needs a database',
  ],
  [
    'a migration that is there',
    addMigration,
    { service: 'order', name: 'first-products', timestamp },
    'may be applied somewhere',
  ],
  [
    'a migration before the last',
    addMigration,
    { service: 'order', name: 'add-x', timestamp: '20200101000000' },
    'may be applied already',
  ],
  [
    'a time that there is not',
    addMigration,
    { service: 'order', name: 'add-x', timestamp: '20261399000000' },
    'is no time',
  ],
  [
    'a migration that others follow',
    removeMigration,
    { service: 'order', name: 'first_products', timestamp: '20261121000200' },
    'follows it',
  ],
  [
    'a path that is taken',
    addRoute,
    { service: 'order', method: 'GET', path: '/v1/orders/{id}', timestamp },
    'An item of /v1/orders is /v1/orders/{orderId}',
  ],
  [
    'a path of another service',
    addRoute,
    { service: 'user', method: 'GET', path: '/v1/products', timestamp },
    'it is the operation listProducts',
  ],
  [
    'a route of the gateway',
    addRoute,
    { service: 'gateway', method: 'GET', path: '/v1/things', timestamp },
    'give the route to a service',
  ],
  [
    'an action',
    addRoute,
    { service: 'order', method: 'POST', path: '/v1/orders/{orderId}/ship', timestamp },
    'no path that this can make',
  ],
  ['a change by anybody', addRoute, { service: 'user', method: 'POST', path: '/v1/notes', timestamp }, 'needs a scope'],
  [
    'a scope that there is not',
    addRoute,
    { service: 'user', method: 'POST', path: '/v1/notes', scope: 'admin', timestamp },
    'There are: profile',
  ],
  [
    'a collection by hand',
    addRoute,
    { service: 'user', method: 'DELETE', path: '/v1/users/{userId}', scope: 'profile', timestamp },
    'written by hand',
  ],
  [
    'a collection of nothing',
    addRoute,
    { service: 'user', method: 'GET', path: '/v1/notes', timestamp },
    'What is a note?',
  ],
  [
    'a service without tokens',
    addRoute,
    { service: 'psp-sandbox', method: 'GET', path: '/v1/notes', timestamp },
    'checks no tokens',
  ],
] as const;

test.each(refused)('%s is refused, and nothing changes', async (_, add, options, message) => {
  const tree = repositoryTree();
  const adding = Promise.resolve().then(() => add(tree, options as never) as unknown);
  await expect(adding).rejects.toThrow(message);
  expect(differences(tree)).toEqual([]);
});

test('an event that somebody handles stays', async () => {
  const tree = repositoryTree();
  const event = { service: 'order', subject: 'order.evt.shipped.v1' };
  await addEvent(tree, event);
  await addConsumer(tree, { service: 'user', subject: event.subject, timestamp });
  await expect(removeEvent(tree, event)).rejects.toThrow('user handles it');
});

test('what a consumer publishes follows from what it handles, or is refused', async () => {
  const tree = repositoryTree();
  await addEvent(tree, { service: 'order', subject: 'order.evt.greeted.v1', field: ['userId:id', 'greeting:text'] });
  const consumer = {
    service: 'order',
    subject: 'user.evt.registered.v1',
    timestamp,
    publishes: 'order.evt.greeted.v1',
  };
  await expect(addConsumer(tree, consumer)).rejects.toThrow('has the field greeting, which follows from no field');
  expect(differences(tree).filter((path) => path.includes('user-registered'))).toEqual([]);
});

test('a second version stands beside the first, which stays as it was recorded', async () => {
  const tree = repositoryTree();
  const before = publishedContract(tree, 'user.evt.registered.v1');
  await addEvent(tree, { service: 'user', subject: 'user.evt.registered.v2', field: ['userId:id'] });
  expect(publishedContract(tree, 'user.evt.registered.v1')).toEqual(before);
  expect(Object.keys(publishedContract(tree, 'user.evt.registered.v2').schemas['message']!.properties!)).toEqual([
    'userId',
  ]);
});

test('a migration comes behind those that there are, whatever the clock says', () => {
  const tree = repositoryTree();
  const last = migrationsOf(tree, 'order').at(-1)!;
  expect(nextTimestamp(tree, 'order', new Date(0)) > last.slice(0, 14)).toBe(true);
  expect(nextTimestamp(tree, 'order', new Date('2031-02-03T04:05:06Z'))).toBe('20310203040506');
});
