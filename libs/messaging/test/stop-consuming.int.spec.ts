import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseUnavailable } from '@causeway/persistence';
import { publish, handler, info, settled } from './printed-consumer.js';
import { eventually, pausableLine, Scene } from './helpers.js';

// What becomes of messages when an instance stops.
const scene = new Scene();
beforeEach(() => scene.broker());
afterEach(() => scene.end());

// 60: more than one instance prefetches. 45 and 39: the instance has all of them, and its pulls are still open when it
// stops. (With 39 it sends no further pull, which would make the broker look for pulls without a subscriber.)
test.each([39, 45, 60])(
  'a stop waits for the handlers in flight and hands back the messages that wait (%d messages)',
  async (count) => {
    const nc = await scene.provisioned();
    const begun: string[] = [];
    const ended: string[] = [];
    const slow = handler(async ({ id }) => {
      begun.push(id);
      await sleep(300);
      ended.push(id);
    });
    const app = await scene.service('parcel', [slow]);
    await Promise.all(Array.from({ length: count }, () => publish(nc)));
    await eventually(
      () => begun.length,
      (length) => length === 32,
    );
    await app.close();
    expect(ended.sort()).toEqual(begun.sort());
    // Another instance gets the rest at once, not after ack_wait.
    const rest: string[] = [];
    await scene.service('parcel', [handler(({ id }) => rest.push(id))]);
    await settled(nc, count);
    expect(new Set([...ended, ...rest]).size).toBe(count);
  },
);

test('a stop hands back a message whose handler waits for the database', async () => {
  const nc = await scene.provisioned();
  let runs = 0;
  const waiting = handler(() => {
    runs += 1;
    throw new DatabaseUnavailable();
  });
  const app = await scene.service('parcel', [waiting], { processor: { waitCapMs: 20 } });
  await publish(nc);
  await eventually(
    () => runs,
    (count) => count > 1,
  );
  await app.close();
  // Another instance gets it at once, not after ack_wait.
  const attempts: number[] = [];
  await scene.service('parcel', [handler(({ attempt }) => attempts.push(attempt))]);
  await settled(nc, 1);
  expect(attempts).toEqual([2]);
});

test('a stop waits for messages in transit from a slow broker, and hands them back, too', async () => {
  const nc = await scene.provisioned();
  const line = await pausableLine(scene.nats.port);
  scene.after(line.close);
  const taken: string[] = [];
  const settings = { NATS_URL: `nats://127.0.0.1:${line.port}` };
  const app = await scene.service('parcel', [handler(({ id }) => taken.push(id))], { settings });
  await publish(nc);
  await settled(nc, 1);
  line.pause();
  await Promise.all(Array.from({ length: 10 }, () => publish(nc)));
  await eventually(
    () => info(nc),
    ({ num_ack_pending }) => num_ack_pending === 10,
  );
  const closed = app.close();
  await sleep(1_500); // any limit on the waiting has to be longer than a pause of a busy machine
  line.resume();
  await closed;
  expect(taken).toHaveLength(1);
  await scene.service('parcel', [handler(({ id }) => taken.push(id))]);
  await settled(nc, 11);
  expect(new Set(taken).size).toBe(11);
});
