import { currentDeadline, Deadline, withDeadline, type Overloaded } from '@causeway/resilience';
import { jest } from '@jest/globals';
import { Pace } from './pace.js';

beforeEach(() => void jest.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void jest.useRealTimers());

/** A pace of four orders, and a database in which orders end when a test says so. */
function setUp(at = 4) {
  const running = new Set<string>();
  const asked: number[] = [];
  const stillOpen = (ids: readonly string[]) => {
    currentDeadline()?.throwIfExpired();
    asked.push(ids.length);
    return Promise.resolve(ids.filter((id) => running.has(id)));
  };
  const pace = new Pace({ stillOpen }, { at });
  const refused: unknown[] = [];
  let placed = 0;
  const place = (count: number) => {
    for (let index = 0; index < count; index += 1)
      void pace.admit().then(
        (release) => {
          const id = `order ${(placed += 1)}`;
          running.add(id);
          release(id);
        },
        (error: unknown) => refused.push((error as Overloaded).code),
      );
  };
  const end = (count: number) => [...running].slice(0, count).forEach((id) => running.delete(id));
  return { pace, place, end, asked, refused, placed: () => placed };
}
const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

test('as many orders as may be unfinished are placed at once, without a query', async () => {
  const { place, placed, asked } = setUp();
  place(4);
  await pass(0);
  expect([placed(), asked]).toEqual([4, []]);
});

test('further orders are placed as others end, wherever those were worked on', async () => {
  const { place, placed, end } = setUp();
  place(10);
  await pass(150);
  expect(placed()).toBe(4);
  end(2);
  await pass(150);
  expect(placed()).toBe(6);
});

test('polling continues after the request that started it', async () => {
  const { place, placed, end } = setUp();
  place(4);
  await pass(0);
  withDeadline(Deadline.after(1_100), () => place(1));
  for (let turn = 0; turn < 3; turn += 1) {
    place(1);
    await pass(1_000);
  }
  end(4);
  await pass(150);
  expect(placed()).toBeGreaterThan(4);
});

test('an order whose turn does not come within 2.25 s is refused, or earlier where its deadline would not leave enough for placing it', async () => {
  const { place, placed, refused, end } = setUp();
  place(4);
  await pass(0);
  withDeadline(Deadline.after(1_250), () => place(1));
  place(2);
  await pass(700);
  expect(refused).toEqual(['OVERLOADED']);
  end(1);
  await pass(1_750);
  expect([placed(), refused]).toEqual([5, ['OVERLOADED', 'OVERLOADED']]);
});

test('when nothing ends at all, orders are taken at once; when something does, the pace is kept again', async () => {
  const { place, placed, end, refused } = setUp();
  place(4);
  await pass(0);
  for (let second = 0; second < 6; second += 1) {
    place(1);
    await pass(1_000);
  }
  const before = placed();
  const refusedBefore = refused.length;
  place(30);
  await pass(0);
  expect([placed() - before, refused.length - refusedBefore]).toEqual([30, 0]);
  end(40);
  await pass(150);
  place(1);
  await pass(150);
  place(8);
  await pass(0);
  expect(placed() - before).toBeLessThanOrEqual(30 + 5);
});

test('an order that takes long does not hold up the others', async () => {
  const { place, placed } = setUp();
  place(4);
  await pass(10_500);
  place(1);
  await pass(150);
  place(4);
  await pass(150);
  expect(placed()).toBeGreaterThanOrEqual(8);
});

test('a placing that fails frees its slot', async () => {
  const { pace, place, placed } = setUp(1);
  const release = await pace.admit();
  place(1);
  await pass(150);
  expect(placed()).toBe(0);
  release();
  await pass(150);
  expect(placed()).toBe(1);
});
