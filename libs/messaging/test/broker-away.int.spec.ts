import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { durable, publish, handler, settled } from './printed-consumer.js';
import { eventually, Scene } from './helpers.js';

// A service whose broker is away, empty or not provisioned.
const scene = new Scene();
beforeEach(() => scene.broker());
afterEach(() => scene.end());

test('a service starts before anything is provisioned: it creates what it needs', async () => {
  const seen: string[] = [];
  await scene.service('parcel', [handler(({ id }) => seen.push(id))]);
  const nc = await scene.connect();
  await publish(nc);
  await settled(nc, 1);
  expect(seen).toHaveLength(1);
});

test('with NATS_CREATE_MISSING=false it waits until the topology is provisioned', async () => {
  const seen: string[] = [];
  const starting = scene.service('parcel', [handler(({ id }) => seen.push(id))], {
    settings: { NATS_CREATE_MISSING: 'false' },
  });
  let started = false;
  void starting.then(() => (started = true));
  await sleep(700);
  expect(started).toBe(false);
  const nc = await scene.provisioned();
  await starting;
  await publish(nc);
  await settled(nc, 1);
  expect(seen).toHaveLength(1);
});

describe('when NATS goes away', () => {
  test('and returns, handling continues', async () => {
    const nc = await scene.provisioned();
    const seen: string[] = [];
    await scene.service('parcel', [handler(({ id }) => seen.push(id))]);
    await publish(nc);
    await settled(nc, 1);
    await scene.nats.kill();
    await sleep(300);
    await scene.nats.restart();
    await eventually(
      () => publish(nc).catch(() => undefined),
      (id) => id !== undefined,
    );
    await eventually(
      () => seen.length,
      (length) => length === 2,
    );
  });

  test('and returns empty, streams and consumers are created again and handling continues', async () => {
    const nc = await scene.provisioned();
    const seen: string[] = [];
    await scene.service('parcel', [handler(({ id }) => seen.push(id))]);
    await publish(nc);
    await settled(nc, 1);
    await scene.nats.restart({ empty: true });
    await eventually(
      () => publish(nc).catch(() => undefined),
      (id) => id !== undefined,
    );
    await eventually(
      () => seen.length,
      (length) => length === 2,
    );
  });

  test('and a handler ends while it is away, the message is handled again, not lost', async () => {
    const nc = await scene.provisioned();
    // A service never changes an existing consumer, so this stays.
    await (await jetstreamManager(nc)).consumers.update('LABEL', durable, { ack_wait: nanos(1_000) });
    const attempts: number[] = [];
    let release = () => undefined as void;
    const held = new Promise<void>((resolve) => (release = resolve));
    const slow = handler(async ({ attempt }) => {
      attempts.push(attempt);
      if (attempts.length === 1) await held;
    });
    await scene.service('parcel', [slow]);
    await publish(nc);
    await eventually(
      () => attempts.length,
      (length) => length === 1,
    );
    await scene.nats.kill();
    release();
    await sleep(100);
    await scene.nats.restart();
    await settled(nc, 1);
    expect(attempts).toEqual([1, 2]);
  });
});

test('a consumer that is deleted is created again', async () => {
  const nc = await scene.provisioned();
  const seen: string[] = [];
  await scene.service('parcel', [handler(({ id }) => seen.push(id))]);
  await publish(nc);
  await settled(nc, 1);
  await (await jetstreamManager(nc)).consumers.delete('LABEL', durable);
  await publish(nc);
  await eventually(
    () => seen.length,
    (length) => length >= 2,
  );
});
