import { IdempotencyStore, PgUnitOfWork, purgeIdempotency, purgeInbox } from '../src/index.js';
import type { StoredResponse } from '@causeway/service-host';
import { counters, errorOf, prepare, valueOf, type Prepared } from './helpers.js';

let prepared: Prepared;
let uow: PgUnitOfWork<ReturnType<typeof counters>>;
beforeAll(async () => {
  prepared = await prepare();
  uow = new PgUnitOfWork(prepared.pool, counters);
});
afterAll(() => prepared.close());

const scopeOf = (key: string) => ({ subject: 'ann', route: 'POST /v1/things', key });
const created: StoredResponse = {
  status: 201,
  headers: { location: '/v1/things/1' },
  body: { id: 1, tags: ['a'], none: null },
};

/** A POST as a service would handle it: every answer but the first is a replay. */
const post = (key: string, body: unknown, meanwhile: () => Promise<void> = async () => undefined) =>
  uow.run(async (tx) => {
    const { response, replayed } = await new IdempotencyStore(tx.sql).once(scopeOf(key), body, async () => {
      await meanwhile();
      await tx.add(key, 1);
      return created;
    });
    return { ...response, replayed };
  });

test('the first answer is replayed as it was', async () => {
  expect(await post('replay', { a: 1, b: 2 })).toEqual({ ...created, replayed: false });
  expect(await post('replay', { b: 2, a: 1 })).toEqual({ ...created, replayed: true });
  expect(await valueOf(prepared.pool, 'replay')).toBe(1);
});

test('the same key with another body is refused', async () => {
  await post('reused', { a: 1 });
  expect(await errorOf(post('reused', { a: 2 }))).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED', retryable: false });
});

test('keys of other callers and routes are others', async () => {
  const store = new IdempotencyStore(prepared.pool as never);
  await post('scoped', {});
  expect(await store.begin({ ...scopeOf('scoped'), subject: 'bob' }, 'x')).toBeUndefined();
  expect(await store.begin({ ...scopeOf('scoped'), route: 'POST /v1/others' }, 'x')).toBeUndefined();
});

test('a second request while the first is in flight is refused, and is replayed afterwards', async () => {
  let error: unknown;
  await post('in-flight', {}, async () => {
    error = await errorOf(post('in-flight', {}));
  });
  expect(error).toMatchObject({ code: 'IDEMPOTENCY_KEY_IN_FLIGHT', retryable: true, retryAfterSeconds: 1 });
  expect(await post('in-flight', {})).toMatchObject({ replayed: true });
});

test('a request that failed left nothing behind: the next one does the work', async () => {
  await expect(post('failed', {}, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await post('failed', {})).toMatchObject({ replayed: false });
});

test('of many requests at once exactly one does the work, whatever the timing', async () => {
  for (let round = 0; round < 20; round++) {
    const key = `storm-${round}`;
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => post(key, { round })));
    const codes = results.map((each) => (each.status === 'fulfilled' ? String(each.value.replayed) : each.reason.code));
    expect(codes.filter((code) => code === 'false')).toHaveLength(1);
    expect(codes.every((code) => ['true', 'false', 'IDEMPOTENCY_KEY_IN_FLIGHT'].includes(code))).toBe(true);
    expect(await valueOf(prepared.pool, key)).toBe(1);
  }
});

test('an answer that must not be replayed is not stored', async () => {
  const store = new IdempotencyStore(prepared.pool as never);
  await expect(store.complete(scopeOf('5xx'), 'x', { ...created, status: 503 })).rejects.toThrow(RangeError);
});

test.each([undefined, null, [1, 2], 'text', 0])('a body of %j is replayed', async (body) => {
  const key = `body-${JSON.stringify(body)}`;
  const answer = await uow.run(async (tx) => {
    const store = new IdempotencyStore(tx.sql);
    await store.complete(scopeOf(key), 'x', { status: 200, headers: {}, body });
    return store.begin(scopeOf(key), 'x');
  });
  expect(answer).toEqual({ status: 200, headers: {}, body: body ?? null });
});

test('purging forgets what is older, and only that', async () => {
  await post('old', {});
  await post('young', {});
  await prepared.pool.query(
    `UPDATE causeway.idempotency SET created_at = now() - interval '25 hours' WHERE key = 'old'`,
  );
  expect(await uow.single((tx) => purgeIdempotency(tx.sql))).toBe(1);
  expect([await post('old', {}), await post('young', {})]).toMatchObject([{ replayed: false }, { replayed: true }]);

  const handle = (messageId: string) => uow.runOnce({ consumer: 'purge', messageId }, async () => 'done');
  await Promise.all([handle('old'), handle('young')]);
  await prepared.pool.query(
    `UPDATE causeway.inbox SET handled_at = now() - interval '31 days' WHERE message_id = 'old'`,
  );
  expect(await uow.single((tx) => purgeInbox(tx.sql))).toBe(1);
});
