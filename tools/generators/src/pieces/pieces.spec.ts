import { differences, repositoryTree } from '../testing/repository-tree.js';
import { addCommand, removeCommand } from './command.js';
import { addConsumer, removeConsumer } from './consumer.js';
import { addEvent, removeEvent } from './event.js';
import { addRpc, removeRpc } from './rpc.js';

const timestamp = '20271128061500';

const pieces = [
  ['an event', addEvent, removeEvent, { service: 'order', subject: 'order.evt.shipped.v1', field: ['orderId:id'] }],
  ['a second version of an event', addEvent, removeEvent, { service: 'user', subject: 'user.evt.registered.v2' }],
  [
    'a consumer in a service with domain',
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
    'a consumer of payment',
    addConsumer,
    removeConsumer,
    { service: 'payment', subject: 'order.evt.cancelled.v1', timestamp },
  ],
  ['a command', addCommand, removeCommand, { service: 'user', subject: 'user.cmd.block.v1', timestamp, from: 'order' }],
  ['an rpc', addRpc, removeRpc, { service: 'order', subject: 'order.rpc.get-parcel.v1', timestamp, from: 'gateway' }],
] as const;

test.each(pieces)('%s is added, and removed without a trace', async (_, add, remove, options) => {
  const tree = repositoryTree();
  await add(tree, options as never);
  expect(differences(tree).length).toBeGreaterThan(5);
  await remove(tree, options as never);
  expect(differences(tree)).toEqual([]);
});
