import { setTimeout as sleep } from 'node:timers/promises';
import { labelPrinted, labelRefused } from '@causeway/contracts/testing';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { Controller } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { buildEnvelope } from '../src/envelope.js';
import { Handles } from '../src/nest/handles.js';
import { durable, publish, handler, info, settled } from './printed-consumer.js';
import { eventually, Scene } from './helpers.js';

// How many messages an instance takes on.
const scene = new Scene();
beforeEach(() => scene.broker());
afterEach(() => scene.end());

test('two instances share the messages; each is handled once', async () => {
  const nc = await scene.provisioned();
  const seen: Record<string, string[]> = { one: [], two: [] };
  for (const name of ['one', 'two']) {
    const slow = handler(async ({ id }) => {
      seen[name]!.push(id);
      await sleep(5);
    });
    await scene.service('parcel', [slow]);
  }
  const ids = await Promise.all(Array.from({ length: 300 }, () => publish(nc)));
  await settled(nc, 300);
  expect([...seen.one!, ...seen.two!].sort()).toEqual(ids.sort());
  expect(seen.one!.length).toBeGreaterThan(0);
  expect(seen.two!.length).toBeGreaterThan(0);
});

test('an instance handles 32 messages at a time and holds at most as many ready', async () => {
  const nc = await scene.provisioned();
  let active = 0;
  let most = 0;
  let release = () => undefined as void;
  const held = new Promise<void>((resolve) => (release = resolve));
  const busy = handler(async () => {
    active += 1;
    most = Math.max(most, active);
    await held;
    active -= 1;
  });
  await scene.service('parcel', [busy]);
  await Promise.all(Array.from({ length: 200 }, () => publish(nc)));
  await eventually(
    () => active,
    (count) => count === 32,
  );
  await sleep(200);
  expect((await info(nc)).num_ack_pending).toBeLessThanOrEqual(64 + 8);
  release();
  await settled(nc, 200);
  expect(most).toBe(32);
});

test('all consumers of an instance share its slots, and none pulls more than could run', async () => {
  const nc = await scene.provisioned();
  const active = { printed: 0, refused: 0 };
  let most = 0;
  const gates: (() => void)[] = [];
  const hold = async (kind: keyof typeof active): Promise<void> => {
    active[kind] += 1;
    most = Math.max(most, active.printed + active.refused);
    await new Promise<void>((resolve) => gates.push(resolve));
    active[kind] -= 1;
  };
  @Controller()
  class Both {
    @Handles(labelPrinted)
    printed() {
      return hold('printed');
    }

    @Handles(labelRefused)
    refused() {
      return hold('refused');
    }
  }
  await scene.service('parcel', [Both], { settings: { MESSAGES_MAX_CONCURRENT: '2' } });
  const refused = (index: number) =>
    jetstream(nc).publish(
      labelRefused.subject,
      JSON.stringify(
        buildEnvelope(labelRefused, {
          source: 'label',
          aggregateId: uuidv7(),
          data: {
            labelId: uuidv7(),
            parcelId: uuidv7(),
            version: 1,
            occurredAt: new Date().toISOString(),
            reason: `no ${index}`,
          },
        }),
      ),
    );
  await Promise.all(Array.from({ length: 20 }, (_, index) => Promise.all([publish(nc), refused(index)])));
  await eventually(
    () => gates.length,
    (count) => count === 2,
  );
  // Running, prefetched, and possibly brought by a pull in progress.
  expect((await info(nc)).num_ack_pending).toBeLessThanOrEqual(2 + 2 + 2);
  const manager = await jetstreamManager(nc);
  const served = async () =>
    (
      await Promise.all(
        ['printed', 'refused'].map((event) => manager.consumers.info('LABEL', `parcel__label-evt-${event}-v1`)),
      )
    ).map(({ ack_floor }) => ack_floor.stream_seq);
  const letGo = setInterval(() => gates.splice(0).forEach((open) => open()), 5);
  scene.after(() => clearInterval(letGo));
  await eventually(served, (floors) => floors.every((floor) => floor >= 39));
  expect(most).toBe(2);
});

test('a message that waited for a slot is not delivered again while it is handled', async () => {
  const nc = await scene.provisioned();
  await (await jetstreamManager(nc)).consumers.update('LABEL', durable, { ack_wait: nanos(1_500) });
  const attempts: number[] = [];
  const slow = handler(async ({ attempt }) => {
    attempts.push(attempt);
    await sleep(1_000);
  });
  await scene.service('parcel', [slow]);
  // 32 are handled at once; the others wait for 1 s and are done 2 s after their delivery.
  await Promise.all(Array.from({ length: 50 }, () => publish(nc)));
  await settled(nc, 50);
  expect(attempts).toEqual(Array.from({ length: 50 }, () => 1));
});
