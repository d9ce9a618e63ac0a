import { setTimeout as sleep } from 'node:timers/promises';
import { consumers, durableName, type DataOf } from '@causeway/contracts';
import { labelPrinted, labelRefused, parcelPacked } from '@causeway/contracts/testing';
import { CodedError } from '@causeway/errors';
import { alreadyHandled, DatabaseUnavailable, PgUnitOfWork } from '@causeway/persistence';
import { currentDeadline, currentWork, Overloaded } from '@causeway/resilience';
import { jetstream, jetstreamManager, type ConsumerInfo } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { Controller, UseGuards, type CanActivate, type Type } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { listDeadLetters } from '../src/consume/dead-letters.js';
import type { Message } from '../src/consume/message.js';
import { buildEnvelope } from '../src/envelope.js';
import { Handles } from '../src/nest/handles.js';
import { eventually, pausableLine, Scene } from './helpers.js';

const scene = new Scene();
beforeEach(() => scene.broker());
afterEach(() => scene.end());

type Printed = DataOf<typeof labelPrinted>;
const durable = 'parcel__label-evt-printed-v1';
/** Redelivers without a delay. */
const atOnce = { random: () => 0 };

class Refused extends CodedError {
  readonly code = 'VERSION_STALE';
  readonly remedy = 'None.';
}

const fact = (version = 1): Printed => ({
  labelId: uuidv7(),
  parcelId: uuidv7(),
  version,
  occurredAt: new Date().toISOString(),
  amountMinor: 1999,
  currency: 'EUR',
});

async function publish(nc: NatsConnection, data: unknown = fact(), id = uuidv7()): Promise<string> {
  const envelope = buildEnvelope(labelPrinted, { source: 'label', aggregateId: uuidv7(), data: fact(), id });
  await jetstream(nc).publish(labelPrinted.subject, JSON.stringify({ ...envelope, data }), { msgID: id });
  return id;
}

/** A controller for label.evt.printed.v1. */
function handler(on: (message: Message<Printed>) => unknown): Type {
  @Controller()
  class LabelHandler {
    @Handles(labelPrinted)
    handle(message: Message<Printed>) {
      return on(message);
    }
  }
  return LabelHandler;
}

const info = async (nc: NatsConnection): Promise<ConsumerInfo> =>
  (await jetstreamManager(nc)).consumers.info('LABEL', durable);
const settled = (nc: NatsConnection, count: number) =>
  eventually(
    () => info(nc),
    ({ num_ack_pending, num_pending, ack_floor }) =>
      num_ack_pending === 0 && num_pending === 0 && ack_floor.stream_seq >= count,
  );

test('a handler gets the validated message, and the message is acknowledged when it is done', async () => {
  const nc = await scene.provisioned();
  const seen: Message<Printed>[] = [];
  let release = () => undefined as void;
  const held = new Promise<void>((resolve) => (release = resolve));
  await scene.service('parcel', [
    handler(async (message) => {
      seen.push(message);
      await held;
    }),
  ]);
  const id = await publish(nc);
  await eventually(
    () => seen.length,
    (length) => length === 1,
  );
  expect(seen[0]).toMatchObject({
    id,
    subject: 'label.evt.printed.v1',
    attempt: 1,
    data: { amountMinor: 1999 },
    delivery: { consumer: durable, messageId: id },
  });
  expect(seen[0]!.time).toBeInstanceOf(Date);
  expect((await info(nc)).num_ack_pending).toBe(1);
  release();
  await settled(nc, 1);
});

test('a handler runs as a message, under the handler limit as its deadline', async () => {
  const nc = await scene.provisioned();
  const remaining: (number | undefined)[] = [];
  const kinds: string[] = [];
  await scene.service('parcel', [
    handler(() => {
      remaining.push(currentDeadline()?.remainingMs());
      kinds.push(currentWork());
    }),
  ]);
  await publish(nc);
  await settled(nc, 1);
  expect(remaining[0]).toBeGreaterThan(19_000);
  expect(remaining[0]).toBeLessThanOrEqual(20_000);
  expect(kinds).toEqual(['message']);
});

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

test('an error of a guard is treated like one of the handler', async () => {
  const nc = await scene.provisioned();
  class Closed implements CanActivate {
    canActivate(): boolean {
      throw new Refused('closed');
    }
  }
  @Controller()
  @UseGuards(Closed)
  class Guarded {
    @Handles(labelPrinted)
    on(_message: Message<Printed>) {
      return undefined;
    }
  }
  await scene.service('parcel', [Guarded]);
  await publish(nc);
  const letters = await eventually(
    () => listDeadLetters(nc),
    ({ length }) => length === 1,
  );
  expect(letters).toMatchObject([{ code: 'VERSION_STALE' }]);
});

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

test('the effect of a message that is delivered twice happens once', async () => {
  const nc = await scene.provisioned();
  const database = await scene.database();
  await database.pool.query('CREATE TABLE effects (id uuid)');
  const uow = new PgUnitOfWork(database.pool, ({ sql }) => ({ sql }));
  const results: unknown[] = [];
  const effect = handler(async ({ delivery, id, attempt }) => {
    results.push(await uow.runOnce(delivery, ({ sql }) => sql.query('INSERT INTO effects VALUES ($1)', [id])));
    if (attempt === 1) throw new Error('died between the commit and the ack');
  });
  await scene.service('parcel', [effect], { processor: atOnce });
  await publish(nc);
  await settled(nc, 1);
  const { rowCount } = await database.pool.query('SELECT * FROM effects');
  expect(rowCount).toBe(1);
  expect(results).toHaveLength(2);
  expect(results[1]).toBe(alreadyHandled);
});

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

test('a handler without a consumer in the topology does not start', async () => {
  await scene.provisioned();
  @Controller()
  class Wrong {
    @Handles(parcelPacked)
    on(_message: Message<DataOf<typeof parcelPacked>>) {
      return undefined;
    }
  }
  await expect(scene.service('parcel', [Wrong])).rejects.toMatchObject({ code: 'MESSAGE_UNHANDLED' });
});

test('two handlers for one message in one service are refused', async () => {
  await scene.provisioned();
  const twice = scene.service('parcel', [handler(() => undefined), handler(() => undefined)]);
  await expect(twice).rejects.toMatchObject({
    code: 'HANDLER_DUPLICATE',
    message: expect.stringContaining('two handlers'),
  });
});

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

test('the durable of every declared consumer is a legal name on the server', () => {
  for (const consumer of consumers) expect(durableName(consumer)).toMatch(/^[a-z0-9_-]{1,128}$/);
});
