import { setTimeout as sleep } from 'node:timers/promises';
import { labelPrinted, labelRefused } from '@causeway/contracts/testing';
import { DatabaseUnavailable } from '@causeway/persistence';
import { Overloaded } from '@causeway/resilience';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { listDeadLetters } from '../src/consume/dead-letters.js';
import { buildEnvelope } from '../src/envelope.js';
import { durable, atOnce, Refused, fact, publish, handler, info, settled } from './printed-consumer.js';
import { eventually, Scene } from './helpers.js';

// What becomes of a message whose handler fails.
const scene = new Scene();
beforeEach(() => scene.broker());
afterEach(() => scene.end());

test('an unexpected error is tried 8 times, then the message is a dead letter and is not delivered again', async () => {
  const nc = await scene.provisioned();
  const attempts: number[] = [];
  const failing = handler(({ attempt }) => {
    attempts.push(attempt);
    throw new TypeError('x is not a function');
  });
  await scene.service('parcel', [failing], { processor: atOnce });
  const id = await publish(nc);
  const [letter] = await eventually(
    () => listDeadLetters(nc),
    (letters) => letters.length === 1,
  );
  expect(attempts).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(letter).toMatchObject({
    consumer: durable,
    subject: 'label.evt.printed.v1',
    messageId: id,
    code: 'INTERNAL',
    attempts: 8,
    reason: 'failed 8 times: x is not a function',
  });
  await settled(nc, 1);
});

/** The delays, in milliseconds, that instances request of the broker from now on, read from their acknowledgements. */
async function requestedDelays(nc: NatsConnection): Promise<number[]> {
  const delays: number[] = [];
  nc.subscribe('$JS.ACK.>', {
    callback: (_, message) => {
      const [, request] = /^-NAK (.+)$/.exec(message.string()) ?? [];
      if (request) delays.push((JSON.parse(request) as { delay: number }).delay / 1e6);
    },
  });
  await nc.flush();
  return delays;
}

test('the delay between attempts doubles, with full jitter, and the broker keeps to it', async () => {
  const nc = await scene.provisioned();
  const delays = await requestedDelays(nc);
  const at: number[] = [];
  const failing = handler(() => {
    at.push(Date.now());
    throw new Error('not yet');
  });
  await scene.service('parcel', [failing], { processor: { random: () => 0.5 } });
  await publish(nc);
  await eventually(
    () => delays.length,
    (length) => length === 3,
  );
  expect(delays).toEqual([500, 1_000, 2_000]);
  expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(480);
  expect(at[2]! - at[1]!).toBeGreaterThanOrEqual(980);
});

test('a coded error that no retry can help is a dead letter at once', async () => {
  const nc = await scene.provisioned();
  let runs = 0;
  const failing = handler(() => {
    runs += 1;
    throw new Refused('label 1 is GONE');
  });
  await scene.service('parcel', [failing]);
  await publish(nc);
  const [letter] = await eventually(
    () => listDeadLetters(nc),
    (letters) => letters.length === 1,
  );
  await settled(nc, 1);
  expect(letter).toMatchObject({
    code: 'VERSION_STALE',
    attempts: 1,
    reason: 'a retry cannot help: label 1 is GONE',
  });
  expect(runs).toBe(1);
});

test.each([
  ['is not JSON', '{"id": oops', 'MESSAGE_MALFORMED', [{ path: '', message: 'not JSON' }]],
  ['is not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'MESSAGE_MALFORMED', [{ path: '' }]],
  ['is not an envelope', '[]', 'MESSAGE_INVALID', [{ path: '' }]],
  [
    'lacks an id',
    JSON.stringify({
      ...buildEnvelope(labelPrinted, { source: 'label', aggregateId: 'p', data: fact() }),
      id: 7,
    }),
    'MESSAGE_INVALID',
    [{ path: '/id' }],
  ],
  [
    'has wrong data',
    JSON.stringify({
      ...buildEnvelope(labelPrinted, { source: 'label', aggregateId: 'p', data: fact() }),
      data: { ...fact(), amountMinor: 1.5, currency: 'euro' },
    }),
    'MESSAGE_INVALID',
    [{ path: '/data/amountMinor' }, { path: '/data/currency' }],
  ],
  [
    'is of another type',
    JSON.stringify(
      buildEnvelope(labelRefused, {
        source: 'label',
        aggregateId: 'p',
        data: { ...fact(), reason: 'no' } as never,
      }),
    ),
    'MESSAGE_INVALID',
    [{ path: '/type' }],
  ],
] as const)(
  'a message that %s is a dead letter with the path that is wrong, and the next one is handled',
  async (_, payload, code, violations) => {
    const nc = await scene.provisioned();
    const seen: string[] = [];
    await scene.service('parcel', [handler(({ id }) => seen.push(id))]);
    await jetstream(nc).publish(labelPrinted.subject, payload, { msgID: 'bad' });
    const next = await publish(nc);
    await settled(nc, 2);
    const letters = await listDeadLetters(nc);
    expect(letters).toMatchObject([{ code, attempts: 1, violations }]);
    expect(letters[0]!.payload).toEqual(typeof payload === 'string' ? new TextEncoder().encode(payload) : payload);
    expect(seen).toEqual([next]);
  },
);

test('a message is not terminated before its dead letter is stored', async () => {
  const nc = await scene.provisioned();
  const jsm = await jetstreamManager(nc);
  // The dead letters cannot be stored: the stream takes other subjects.
  await jsm.streams.update('DLQ', { subjects: ['elsewhere.>'] });
  await scene.service('parcel', [
    handler(() => {
      throw new Refused('no');
    }),
  ]);
  await publish(nc);
  await eventually(
    () => info(nc),
    ({ delivered }) => delivered.consumer_seq >= 1,
  );
  await sleep(500);
  expect((await info(nc)).num_ack_pending).toBe(1);
});

test.each([
  ['an unreachable database', new DatabaseUnavailable()],
  ['too much work', new Overloaded()],
])('%s uses up no attempt: the message waits and is handled later', async (_what, error) => {
  const nc = await scene.provisioned();
  let away = true;
  let runs = 0;
  const attempts: number[] = [];
  const waiting = handler(({ attempt }) => {
    runs += 1;
    if (away) throw error;
    attempts.push(attempt);
  });
  await scene.service('parcel', [waiting], { processor: { waitCapMs: 20 } });
  await publish(nc);
  await eventually(
    () => runs,
    (count) => count > 20,
  );
  away = false;
  await settled(nc, 1);
  expect(attempts).toEqual([1]);
  expect(await listDeadLetters(nc)).toEqual([]);
});

test('a handler that does not end counts as failed after its limit', async () => {
  const nc = await scene.provisioned();
  const attempts: number[] = [];
  const hanging = handler(({ attempt }) => {
    attempts.push(attempt);
    return attempt === 1 ? new Promise(() => undefined) : undefined;
  });
  await scene.service('parcel', [hanging], { processor: { ...atOnce, handlerMs: 100 } });
  await publish(nc);
  await settled(nc, 1);
  expect(attempts).toEqual([1, 2]);
});
