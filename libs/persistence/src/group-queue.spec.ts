import { setImmediate as turn } from 'node:timers/promises';
import { GroupQueue } from './group-queue.js';

/** A queue whose groups and lonely units end when the test says so. */
function makeQueue() {
  const groups: { units: string; end: (done: boolean) => void }[] = [];
  const alone: { unit: string; end: () => void }[] = [];
  const queue = new GroupQueue(
    (units) => new Promise((end) => groups.push({ units: units.map(({ aggregate }) => aggregate).join(''), end })),
  );
  const add = (...aggregates: string[]): void => {
    for (const aggregate of aggregates)
      queue.add({ aggregate, alone: () => new Promise((end) => alone.push({ unit: aggregate, end })) });
  };
  const end = async (index: number, done = true): Promise<void> => {
    groups[index]!.end(done);
    await turns();
  };
  return { add, end, alone, formed: () => groups.map(({ units }) => units) };
}

const turns = async (): Promise<void> => {
  await turn();
  await turn();
};

test('units that arrive together form a group at once', async () => {
  const { add, formed } = makeQueue();
  add('a', 'b', 'c');
  await turns();
  expect(formed()).toEqual(['abc']);
});

test('units that arrive while a group runs wait, and go together when it ends', async () => {
  const { add, end, formed } = makeQueue();
  for (const aggregate of ['a', 'b', 'c', 'd']) {
    add(aggregate);
    await turns();
  }
  expect(formed()).toEqual(['a']);
  await end(0);
  expect(formed()).toEqual(['a', 'bcd']);
});

test('a group has one unit of an aggregate; the next one waits for the next group', async () => {
  const { add, end, formed } = makeQueue();
  add('a', 'a', 'b', 'a');
  await turns();
  for (const index of [0, 1, 2]) await end(index);
  expect(formed()).toEqual(['ab', 'a', 'a']);
});

test('a group has at most 32 units', async () => {
  const { add, end, formed } = makeQueue();
  add(...Array.from({ length: 40 }, (_, index) => String.fromCodePoint(0x4e00 + index)));
  await turns();
  await end(0);
  expect(formed().map(({ length }) => length)).toEqual([32, 8]);
});

test('the units of a group that failed run alone, beside the next group, and none of their aggregates is in it', async () => {
  const { add, end, alone, formed } = makeQueue();
  add('a', 'b');
  await turns();
  add('a', 'b', 'c');
  await end(0, false);
  expect(alone.map(({ unit }) => unit)).toEqual(['a', 'b']);
  expect(formed()).toEqual(['ab', 'c']);
  alone[1]!.end();
  await end(1);
  expect(formed()).toEqual(['ab', 'c', 'b']);
  await end(2);
  alone[0]!.end();
  await turns();
  expect(formed()).toEqual(['ab', 'c', 'b', 'a']);
});
