import { randomUUID } from 'node:crypto';
import { DatabaseUnavailable, PgUnitOfWork, poolSql } from '@causeway/persistence';
import { finishesWithin, WakeSignal } from '@causeway/resilience';
import { createDatabase, type TestDatabase } from '@causeway/testkit';
import { PgOperationQueue } from '../src/adapters/persistence/pg-operation-queue.js';
import { PgOperations } from '../src/adapters/persistence/pg-operations.js';
import { bindTransaction } from '../src/adapters/persistence/payment-transaction.js';
import { OperationWorker } from '../src/adapters/worker/operation.worker.js';
import { AuthorizePayment } from '../src/application/authorize-payment.js';
import { CapturePayment } from '../src/application/capture-payment.js';
import type { PaymentTransaction } from '../src/application/ports.js';
import { RunOperation } from '../src/application/run-operation.js';
import { migrations } from '../src/migrations.js';
import { openCardToken, sealCardToken } from '../src/testing/card-keys.js';
import { FakePaymentProvider } from '../src/testing/fake-payment-provider.js';

let database: TestDatabase;
let uow: PgUnitOfWork<PaymentTransaction>;
let queue: PgOperationQueue;
let wakes = 0;
const leaseMs = 60_000;
const now = () => new Date();

beforeAll(async () => {
  database = await createDatabase({ migrations });
  uow = new PgUnitOfWork(database.pool, bindTransaction({ wake: () => undefined }, { wake: () => (wakes += 1) }));
  queue = new PgOperationQueue(poolSql(database.pool));
});
afterAll(() => database?.drop());
beforeEach(() => database.pool.query(`UPDATE psp_operations SET due_at = 'infinity'`));

const delivery = () => ({ consumer: 'payment', messageId: randomUUID() });
const authorize = async () => {
  const target = { paymentId: randomUUID(), orderId: randomUUID() };
  const sealedCardToken = await sealCardToken('tok_success', target.paymentId);
  const terms = { customerId: randomUUID(), amountMinor: 1_000, currency: 'EUR', sealedCardToken };
  await new AuthorizePayment(uow, openCardToken, now).execute({ ...target, ...terms }, delivery());
  return target;
};
const expire = () =>
  database.pool.query(`UPDATE psp_operations SET lease_until = now() - interval '1 second' WHERE lease IS NOT NULL`);

test('many workers claim at once: each operation goes to one of them', async () => {
  await Promise.all(Array.from({ length: 40 }, authorize));
  const claims = (await Promise.all(Array.from({ length: 10 }, () => queue.claim(5, leaseMs)))).flat();
  expect(new Set(claims.map(({ id }) => id)).size).toBe(claims.length);
  expect(claims.length + (await queue.claim(100, leaseMs)).length).toBe(40);
});

test('a claim carries everything for the call, and counts the attempt in advance', async () => {
  const { paymentId } = await authorize();
  expect(await queue.claim(10, leaseMs)).toMatchObject([
    {
      paymentId,
      kind: 'AUTHORIZE',
      key: `pay:${paymentId}:authorize:1`,
      status: 'READY',
      amountMinor: 1_000,
      currency: 'EUR',
      sealedCardToken: expect.stringMatching(/^eyJ/),
      attempts: 1,
    },
  ]);
  expect(await queue.claim(10, leaseMs)).toEqual([]);
  await expire();
  expect(await queue.claim(10, leaseMs)).toMatchObject([{ paymentId, attempts: 2 }]);
});

test('only the holder of the lease may reschedule', async () => {
  await authorize();
  const [late] = await queue.claim(1, leaseMs);
  await expire();
  const [current] = await queue.claim(1, leaseMs);
  const next = { status: 'READY', attempts: 2, reads: 0, unsent: 0, delayMs: 0 } as const;
  expect(await uow.run((tx) => tx.operations.reschedule(late!, next))).toBe(false);
  expect(await uow.run((tx) => tx.operations.reschedule(current!, next))).toBe(true);
});

test('a released operation is due again immediately, not when its lease would have expired', async () => {
  await authorize();
  const [first] = await queue.claim(1, leaseMs);
  await queue.release(first!, 0);
  const [second] = await queue.claim(1, leaseMs);
  expect(second).toMatchObject({ id: first!.id, attempts: 2 });
  // Another worker holds the lease by now.
  await queue.release(first!, 0);
  expect(await queue.claim(1, leaseMs)).toEqual([]);
});

test('a released operation is due at the very time of its release, although the column rounds to milliseconds', async () => {
  await authorize();
  const atOneTime = new PgUnitOfWork(database.pool, ({ sql }) => new PgOperationQueue(sql));
  // In a transaction now() stands still. Twenty of them meet both halves of a millisecond.
  for (let round = 0; round < 20; round++) {
    await atOneTime.run(async (tx) => {
      const [claimed] = await tx.claim(1, leaseMs);
      await tx.release(claimed!, 0);
      const [again] = await tx.claim(1, leaseMs);
      expect(again?.id).toBe(claimed?.id);
      await tx.release(again!, 0);
    });
  }
});

test('a failed release, and a claim whose response was lost, are released before the next claim', async () => {
  await Promise.all([authorize(), authorize()]);
  const inner = poolSql(database.pool);
  let [dropResponse, refuse] = [true, false];
  const shaky = new PgOperationQueue({
    query: async <R>(text: string, values?: readonly unknown[]) => {
      if (refuse) throw new DatabaseUnavailable();
      const result = await inner.query<R>(text, values);
      if (dropResponse) throw new DatabaseUnavailable({ outcome: 'unknown' });
      return result;
    },
  });
  await expect(shaky.claim(1, leaseMs)).rejects.toMatchObject({ outcome: 'unknown' });
  dropResponse = false;
  const claimed = await shaky.claim(10, leaseMs);
  expect(claimed).toHaveLength(2);
  refuse = true;
  await expect(shaky.release(claimed[0]!, 0)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  refuse = false;
  expect((await shaky.claim(10, leaseMs)).map(({ id }) => id)).toEqual([claimed[0]!.id]);
});

test('a worker releases an operation whose outcome cannot be stored, and it is executed again', async () => {
  const { paymentId } = await authorize();
  const run = new RunOperation(uow, new FakePaymentProvider(), openCardToken, now);
  let failures = 1;
  const execute: RunOperation['execute'] = (...operation) =>
    failures-- > 0 ? Promise.reject(new Error('not stored')) : run.execute(...operation);
  const worker = new OperationWorker(queue, { execute }, { concurrency: 4, leaseMs, pollMs: 20 }, new WakeSignal());
  worker.onApplicationBootstrap();
  try {
    const statusOf = async () =>
      (await database.pool.query<{ status: string }>('SELECT status FROM payments WHERE id = $1', [paymentId])).rows[0]!
        .status;
    const limitAt = performance.now() + 20_000; // a third of the lease
    while ((await statusOf()) !== 'AUTHORIZED' && performance.now() < limitAt)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await statusOf()).toBe('AUTHORIZED');
  } finally {
    await worker.onModuleDestroy();
  }
});

test('a worker that returns late, after the payment has moved on, changes nothing', async () => {
  const target = await authorize();
  const run = new RunOperation(uow, new FakePaymentProvider(), openCardToken, now);
  const [late] = await queue.claim(1, leaseMs);
  await expire();
  const [current] = await queue.claim(1, leaseMs);
  await run.execute(current!);
  await new CapturePayment(uow, now).execute(target, delivery());
  await run.execute(late!);
  const { rows } = await database.pool.query('SELECT status, step, version FROM payments WHERE id = $1', [
    target.paymentId,
  ]);
  expect(rows).toEqual([{ status: 'CAPTURING', step: 'CAPTURE', version: 3 }]);
});

test('an operation that may have been sent is not withdrawn', async () => {
  const { paymentId } = await authorize();
  expect(await uow.run((tx) => tx.operations.mayBeSent(paymentId))).toBe(false);
  const [claimed] = await queue.claim(1, leaseMs);
  expect(await uow.run((tx) => tx.operations.mayBeSent(paymentId))).toBe(true);
  await uow.run((tx) => tx.operations.withdraw(paymentId));
  expect(await uow.run((tx) => tx.operations.close(claimed!.id, 'SUCCEEDED', 'authorized'))).toBe(true);
  expect(await uow.run((tx) => tx.operations.close(claimed!.id, 'SUCCEEDED', 'authorized'))).toBe(false);
});

test('the database allows one operation in flight per payment', async () => {
  const { paymentId } = await authorize();
  const second = uow.run((tx) => tx.operations.add(paymentId, { kind: 'CAPTURE', amountMinor: 1 }));
  await expect(second).rejects.toMatchObject({ constraint: 'psp_operations_in_flight' });
});

test('a commit wakes the worker, a rollback does not', async () => {
  wakes = 0;
  await authorize();
  expect(wakes).toBe(1);
  const { paymentId } = await authorize();
  await uow.run((tx) => tx.operations.add(paymentId, { kind: 'CAPTURE', amountMinor: 1 })).catch(() => undefined);
  expect(wakes).toBe(2);
});

test('a payment is read back as it was saved, with its refunds in order', async () => {
  const { paymentId } = await authorize();
  const saved = await uow.run(async (tx) => {
    const before = await tx.payments.forUpdate(paymentId);
    const refund = (id: string) =>
      ({ id, amountMinor: 400, status: 'PENDING', reason: 'x', createdAt: new Date(0) }) as const;
    const payment = {
      ...before!,
      status: 'CAPTURED',
      inFlight: null,
      chargeId: 'ch_1',
      capturedMinor: 1_000,
      refundedMinor: 200,
      voidReason: 'cancelled',
      refunds: [refund(randomUUID()), refund(randomUUID())],
      version: 5,
    } as const;
    await tx.payments.save(payment, before!);
    return payment;
  });
  expect(await uow.run((tx) => tx.payments.forUpdate(paymentId))).toEqual(saved);
});

test('a payment that somebody else has changed since it was read is not overwritten', async () => {
  const { paymentId } = await authorize();
  const read = () => uow.run((tx) => tx.payments.forUpdate(paymentId));
  const before = (await read())!;
  const change = (status: 'DECLINED' | 'AUTHORIZED') =>
    uow.run((tx) => tx.payments.save({ ...before, status, inFlight: null, version: before.version + 1 }, before));
  await change('AUTHORIZED');
  await expect(change('DECLINED')).rejects.toThrow(/saved without a lock/);
  expect(await read()).toMatchObject({ status: 'AUTHORIZED' });
});

test('a reading that a webhook makes due is due at that very time, although the column rounds to milliseconds', async () => {
  const { paymentId } = await authorize();
  await database.pool.query(`UPDATE psp_operations SET status = 'UNKNOWN' WHERE payment_id = $1`, [paymentId]);
  const atOneTime = new PgUnitOfWork(database.pool, ({ sql }) => ({
    sql,
    queue: new PgOperationQueue(sql),
    operations: new PgOperations(sql, () => undefined),
  }));
  // In a transaction now() stands still. Twenty of them meet both halves of a millisecond.
  for (let round = 0; round < 20; round++) {
    await atOneTime.run(async (tx) => {
      await tx.sql.query(
        `UPDATE psp_operations SET due_at = now() + interval '1 hour', lease_until = NULL WHERE payment_id = $1`,
        [paymentId],
      );
      await tx.operations.makeDueNow(paymentId);
      expect(await tx.queue.claim(1, leaseMs)).toHaveLength(1);
    });
  }
});

describe('until an operation is due', () => {
  test('the time of the earliest that nobody holds; none: undefined', async () => {
    expect(await queue.untilNextDue()).toBeGreaterThan(1e12); // 'infinity', see beforeEach
    await database.pool.query('DELETE FROM psp_operations');
    expect(await queue.untilNextDue()).toBeUndefined();
    const { paymentId } = await authorize();
    expect(await queue.untilNextDue()).toBe(0);
    await queue.claim(1, leaseMs);
    expect(await queue.untilNextDue()).toBeGreaterThan(leaseMs - 10_000);
    await database.pool.query(
      `UPDATE psp_operations SET lease_until = NULL, due_at = now() + interval '5 seconds' WHERE payment_id = $1`,
      [paymentId],
    );
    const waitMs = await queue.untilNextDue();
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(5_001);
  });

  test('the worker asks once, and sleeps', async () => {
    let asked = 0;
    const sleeping = { claim: () => Promise.resolve([]), untilNextDue: () => Promise.resolve(void (asked += 1)) };
    const wakeSignal = new WakeSignal();
    const worker = new OperationWorker(
      { ...sleeping, release: () => Promise.resolve() },
      { execute: () => Promise.resolve(undefined) },
      { concurrency: 4, leaseMs, pollMs: 60_000 },
      wakeSignal,
    );
    worker.onApplicationBootstrap();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(asked).toBe(1);
    wakeSignal.wake();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(asked).toBe(2);
    await worker.onModuleDestroy();
  });

  test.each([
    ['that fills all slots', 1, undefined],
    ['that is due again', 4, 0],
  ])('an operation %s wakes the worker at its end', async (_, concurrency, dueInMs) => {
    const operation = (await authorize().then(() => queue.claim(1, leaseMs)))[0]!;
    const twice = Promise.withResolvers<void>();
    let executed = 0;
    const execute = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (++executed === 2) twice.resolve();
      return dueInMs;
    };
    const fake = {
      claim: () => Promise.resolve(executed < 2 ? [operation] : []),
      untilNextDue: () => Promise.resolve(undefined),
      release: () => Promise.resolve(),
    };
    const worker = new OperationWorker(fake, { execute }, { concurrency, leaseMs, pollMs: 600_000 }, new WakeSignal());
    worker.onApplicationBootstrap();
    try {
      expect(await finishesWithin(10_000, twice.promise)).toBe(true);
    } finally {
      await worker.onModuleDestroy();
    }
  });
});
