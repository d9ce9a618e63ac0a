import { setImmediate as turn } from 'node:timers/promises';
import { GroupQueue, type GroupQueueOptions } from './group-queue.js';

/** A queue whose groups end when the test says so. */
function queueOf(options?: GroupQueueOptions) {
  const groups: { units: string[]; end: () => void }[] = [];
  const queue = new GroupQueue<{ aggregate: string }>(
    (units) => new Promise((end) => groups.push({ units: units.map(({ aggregate }) => aggregate), end: () => end() })),
    options,
  );
  const add = (...aggregates: string[]): void => aggregates.forEach((aggregate) => queue.add({ aggregate }));
  return { groups, add, formed: () => groups.map(({ units }) => units.join('')) };
}

test('units that arrive together form a group at once', async () => {
  const { add, formed } = queueOf();
  add('a', 'b', 'c');
  await turn();
  expect(formed()).toEqual(['abc']);
});

test('units that arrive while all groups run wait, and go together when one ends', async () => {
  const { groups, add, formed } = queueOf({ maxGroups: 2 });
  for (const aggregate of ['a', 'b', 'c', 'd', 'e']) {
    add(aggregate);
    await turn();
  }
  expect(formed()).toEqual(['a', 'b']);
  groups[0]!.end();
  await turn();
  await turn();
  expect(formed()).toEqual(['a', 'b', 'cde']);
});

test('a group has one unit of an aggregate, and none of an aggregate that another group works on', async () => {
  const { groups, add, formed } = queueOf({ maxGroups: 3 });
  add('a', 'a', 'b', 'a');
  await turn();
  await turn();
  expect(formed()).toEqual(['ab']);
  groups[0]!.end();
  await turn();
  await turn();
  expect(formed()).toEqual(['ab', 'a']);
  groups[1]!.end();
  await turn();
  await turn();
  expect(formed()).toEqual(['ab', 'a', 'a']);
});

test('units of one aggregate keep their order', async () => {
  const order: number[] = [];
  const queue = new GroupQueue<{ aggregate: string; at: number }>((units) => {
    order.push(...units.map(({ at }) => at));
    return Promise.resolve();
  });
  for (let at = 0; at < 5; at += 1) queue.add({ aggregate: 'a', at });
  while (order.length < 5) await turn();
  expect(order).toEqual([0, 1, 2, 3, 4]);
});

test('a group has at most so many units', async () => {
  const { add, formed } = queueOf({ maxUnits: 2, maxGroups: 2 });
  add('a', 'b', 'c', 'd', 'e');
  await turn();
  await turn();
  expect(formed()).toEqual(['ab', 'cd']);
});
