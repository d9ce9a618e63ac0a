import { jest } from '@jest/globals';
import { Admission, admissions, type Release, type Overloaded, type WorkKind } from './index.js';

beforeEach(() => void jest.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void jest.useRealTimers());

/** Lets due work happen without advancing the time. */
const settle = () => jest.advanceTimersByTimeAsync(0);

/** An admission, and the order in which work got its slots. */
function setUp(slots: number) {
  const admission = new Admission('database', slots);
  const inside: { kind: WorkKind; name: string; release: Release }[] = [];
  const order: string[] = [];
  const refused: string[] = [];
  const come = (kind: WorkKind, name: string, limitMs?: number): void =>
    void admission.acquire(kind, limitMs).then(
      (release) => {
        order.push(name);
        inside.push({ kind, name, release });
      },
      (error: unknown) => refused.push(`${name} ${(error as Overloaded).code}`),
    );
  const oneLeaves = async (): Promise<void> => {
    inside.shift()!.release();
    await settle();
  };
  return { admission, come, oneLeaves, inside, order, refused };
}

test('any kind takes a free slot at once', async () => {
  const { come, order } = setUp(3);
  for (const name of ['a', 'b', 'c', 'd']) come('request', name);
  await settle();
  expect(order).toEqual(['a', 'b', 'c']);
});

test.each([1, 2, 4, 10])(
  'of %i slots each kind that queues has its share, however many of another kind queue',
  async (slots) => {
    const { come, oneLeaves, order, inside } = setUp(slots);
    for (let index = 0; index < 300; index += 1) come('request', 'request');
    for (let index = 0; index < 60; index += 1) {
      come('message', 'message');
      come('background', 'background');
    }
    await settle();
    for (let turn = 0; turn < 120; turn += 1) await oneLeaves();
    const served = order.slice(slots);
    const count = (kind: WorkKind) => served.filter((name) => name === kind).length;
    for (const kind of ['request', 'message', 'background'] as const)
      expect(count(kind)).toBeGreaterThanOrEqual(38 - slots);
    expect(inside).toHaveLength(slots);
  },
);

test('slots that one kind does not need go to the others', async () => {
  const { come, oneLeaves, order } = setUp(2);
  for (let index = 0; index < 10; index += 1) come('request', `request ${index}`);
  await settle();
  for (let turn = 0; turn < 4; turn += 1) await oneLeaves();
  expect(order).toEqual([0, 1, 2, 3, 4, 5].map((index) => `request ${index}`));
});

test('within a kind first come, first served', async () => {
  const { come, oneLeaves, order } = setUp(1);
  come('request', 'holder');
  for (const name of ['a', 'b', 'c']) come('message', name);
  await settle();
  for (let turn = 0; turn < 3; turn += 1) await oneLeaves();
  expect(order).toEqual(['holder', 'a', 'b', 'c']);
});

test('work that reaches its limit in the queue is refused as overload; the rest moves up', async () => {
  const { come, oneLeaves, order, refused } = setUp(1);
  come('request', 'holder');
  come('request', 'hurried', 50);
  come('request', 'patient', 1_000);
  await jest.advanceTimersByTimeAsync(60);
  expect(refused).toEqual(['hurried OVERLOADED']);
  await oneLeaves();
  expect(order).toEqual(['holder', 'patient']);
});

test('messages wait as long as it takes', async () => {
  const { come, oneLeaves, order, refused } = setUp(1);
  come('request', 'holder');
  come('message', 'message');
  await jest.advanceTimersByTimeAsync(3_600_000);
  expect(refused).toEqual([]);
  await oneLeaves();
  expect(order).toEqual(['holder', 'message']);
});

test('work that would not have its turn in time is refused at once, until the queue moves faster', async () => {
  const { come, oneLeaves, refused, inside } = setUp(1);
  for (let index = 0; index < 12; index += 1) come('request', `early ${index}`);
  await settle();
  for (let turn = 0; turn < 6; turn += 1) {
    await jest.advanceTimersByTimeAsync(100);
    await oneLeaves();
  }
  // Five wait, at 100 ms each: a sixth waits 600 ms.
  come('request', 'hurried', 300);
  come('request', 'patient', 3_000);
  await settle();
  expect(refused).toEqual(['hurried OVERLOADED']);
  while (inside.length > 0) await oneLeaves();
  come('request', 'holder');
  come('request', 'waits', 300);
  await settle();
  expect(refused).toHaveLength(1);
});

test('refuseAll refuses everything in the queue', async () => {
  const { admission, come, order, oneLeaves } = setUp(1);
  come('request', 'holder');
  await settle();
  const waiting = [admission.acquire('message'), admission.acquire('request', 1_000)];
  admission.refuseAll(new Error('gone'));
  for (const promise of waiting) await expect(promise).rejects.toThrow('gone');
  come('request', 'next');
  await oneLeaves();
  expect(order).toEqual(['holder', 'next']);
});

test('a slot that is released twice is given back once', async () => {
  const { admission } = setUp(1);
  const release = await admission.acquire('request');
  release();
  release();
  await admission.acquire('request');
  const state = admission.state();
  expect(state.kinds.request).toEqual({ active: 1, queued: 0 });
  expect(admissions()).toContainEqual(state);
});
