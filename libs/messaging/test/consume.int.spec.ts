import { consumers, durableName, type DataOf } from '@causeway/contracts';
import { labelPrinted, parcelPacked } from '@causeway/contracts/testing';
import { alreadyHandled, PgUnitOfWork } from '@causeway/persistence';
import { currentDeadline, currentWork } from '@causeway/resilience';
import { Controller, UseGuards, type CanActivate } from '@nestjs/common';
import { listDeadLetters } from '../src/consume/dead-letters.js';
import type { Message } from '../src/consume/message.js';
import { Handles } from '../src/nest/handles.js';
import { type Printed, durable, atOnce, Refused, publish, handler, info, settled } from './printed-consumer.js';
import { eventually, Scene } from './helpers.js';

// How a service takes messages.
const scene = new Scene();
beforeEach(() => scene.broker());
afterEach(() => scene.end());

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

test('the durable of every declared consumer is a legal name on the server', () => {
  for (const consumer of consumers) expect(durableName(consumer)).toMatch(/^[a-z0-9_-]{1,128}$/);
});
