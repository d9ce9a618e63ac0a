import type { DataOf } from '@causeway/contracts';
import { labelPrinted } from '@causeway/contracts/testing';
import { CodedError } from '@causeway/errors';
import { alreadyHandled, PgUnitOfWork } from '@causeway/persistence';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Controller, type Type } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { discardDeadLetter, listDeadLetters, replayDeadLetter } from '../src/consume/dead-letters.js';
import { headersOf } from '../src/consume/headers.js';
import type { Message } from '../src/consume/message.js';
import { buildEnvelope } from '../src/envelope.js';
import { Handles } from '../src/nest/handles.js';
import { eventually, Scene } from './helpers.js';

const scene = new Scene();
beforeEach(() => scene.broker());
afterEach(() => scene.end());

type Authorized = DataOf<typeof labelPrinted>;

class Refused extends CodedError {
  readonly code = 'VERSION_STALE';
  readonly remedy = 'None.';
}

function handler(on: (message: Message<Authorized>) => unknown): Type {
  @Controller()
  class LabelHandler {
    @Handles(labelPrinted)
    handle(message: Message<Authorized>) {
      return on(message);
    }
  }
  return LabelHandler;
}

async function publish(nc: NatsConnection, id = uuidv7()): Promise<string> {
  const data = {
    labelId: uuidv7(),
    parcelId: uuidv7(),
    version: 1,
    occurredAt: new Date().toISOString(),
    amountMinor: 1,
    currency: 'EUR',
  };
  const envelope = buildEnvelope(labelPrinted, { source: 'label', aggregateId: data.labelId, data, id });
  const headers = headersOf({
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'X-Other': 'kept',
  });
  await jetstream(nc).publish(labelPrinted.subject, JSON.stringify(envelope), { msgID: id, headers });
  return id;
}

const letters = (nc: NatsConnection, count: number) =>
  eventually(
    () => listDeadLetters(nc),
    ({ length }) => length === count,
  );

test('a dead letter says what the message was, why it failed, and in which trace', async () => {
  const nc = await scene.provisioned();
  await scene.service('parcel', [
    handler(() => {
      throw new Refused('parcel 1 is\nREJECTED');
    }),
  ]);
  const id = await publish(nc);
  const [letter] = await letters(nc, 1);
  expect(letter).toMatchObject({
    consumer: 'parcel__label-evt-printed-v1',
    subject: 'label.evt.printed.v1',
    messageId: id,
    code: 'VERSION_STALE',
    reason: 'a retry cannot help: parcel 1 is REJECTED',
    violations: [],
    attempts: 1,
  });
  expect(letter!.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-/);
  expect(Date.now() - letter!.at.getTime()).toBeLessThan(60_000);
});

test('a replay brings the message back with its own id, within the duplicate window too, and removes the letter', async () => {
  const nc = await scene.provisioned();
  let fixed = false;
  const seen: string[] = [];
  await scene.service('parcel', [
    handler(({ id }) => {
      if (!fixed) throw new Refused('bug');
      seen.push(id);
    }),
  ]);
  const id = await publish(nc);
  const [letter] = await letters(nc, 1);
  fixed = true;
  await expect(replayDeadLetter(nc, letter!.sequence, 'ops')).resolves.toBe(true);
  await eventually(
    () => seen.length,
    (length) => length === 1,
  );
  expect(seen).toEqual([id]);
  expect(await listDeadLetters(nc)).toEqual([]);
  await expect(replayDeadLetter(nc, letter!.sequence, 'ops')).resolves.toBe(false);
});

test('a replay that is repeated, or of a message handled by now, has no second effect', async () => {
  const nc = await scene.provisioned();
  const database = await scene.database();
  const uow = new PgUnitOfWork(database.pool, ({ sql }) => sql);
  const outcomes: unknown[] = [];
  let fixed = false;
  await scene.service('parcel', [
    handler(async ({ delivery }) => {
      if (!fixed) throw new Refused('bug');
      outcomes.push(await uow.runOnce(delivery, () => Promise.resolve('effect')));
    }),
  ]);
  const id = await publish(nc);
  const [letter] = await letters(nc, 1);
  fixed = true;
  // Interrupted after the publish, before the letter was removed: the letter is still there and is replayed again.
  await jetstream(nc).publish(letter!.subject, letter!.payload, { msgID: `replay:${letter!.sequence}:${id}` });
  await replayDeadLetter(nc, letter!.sequence, 'ops');
  await publish(nc, uuidv7());
  await eventually(
    () => outcomes.length,
    (length) => length === 2,
  );
  expect(outcomes).toEqual(['effect', 'effect']); // the replay and the other message
  // A message that was handled in the meantime, by whatever way.
  await jetstream(nc).publish(letter!.subject, letter!.payload, { msgID: 'another way' });
  await eventually(
    () => outcomes.length,
    (length) => length === 3,
  );
  expect(outcomes[2]).toBe(alreadyHandled);
});

test('a discarded letter is gone for good', async () => {
  const nc = await scene.provisioned();
  await scene.service('parcel', [
    handler(() => {
      throw new Refused('no');
    }),
  ]);
  await publish(nc);
  await publish(nc);
  const [first, second] = await letters(nc, 2);
  await expect(discardDeadLetter(nc, first!.sequence, 'ops')).resolves.toBe(true);
  await expect(discardDeadLetter(nc, first!.sequence, 'ops')).resolves.toBe(false);
  expect((await listDeadLetters(nc)).map(({ sequence }) => sequence)).toEqual([second!.sequence]);
  expect(await listDeadLetters(nc, { consumer: 'another__consumer' })).toEqual([]);
});

test('a message that the server gave up, or that was terminated, leaves an advisory in a stream', async () => {
  const nc = await scene.provisioned();
  await scene.service('parcel', [
    handler(() => {
      throw new Refused('no');
    }),
  ]);
  await publish(nc);
  await letters(nc, 1);
  const jsm = await jetstreamManager(nc);
  const { state } = await eventually(
    () => jsm.streams.info('ADVISORY'),
    (info) => info.state.messages > 0,
  );
  expect(state.messages).toBe(1);
});

test('a message whose deliveries all ended without an outcome is given up before the server drops it', async () => {
  const nc = await scene.provisioned();
  const jsm = await jetstreamManager(nc);
  await publish(nc);
  const consumer = await jetstream(nc).consumers.get('LABEL', 'parcel__label-evt-printed-v1');
  for (let delivery = 1; delivery <= 12; delivery += 1) (await consumer.next({ expires: 1_000 }))!.nak();
  let runs = 0;
  await scene.service('parcel', [handler(() => (runs += 1))]);
  const [letter] = await letters(nc, 1);
  expect(letter).toMatchObject({
    code: 'MESSAGE_ABANDONED',
    attempts: 13,
    reason: expect.stringContaining('without an outcome'),
  });
  expect(runs).toBe(0);
  expect((await jsm.consumers.info('LABEL', 'parcel__label-evt-printed-v1')).num_ack_pending).toBe(0);
});
