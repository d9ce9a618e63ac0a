import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { WakeSignal } from '@causeway/resilience';
import { chargeOf, neverResponds, SandboxService, until } from '../src/testing/sandbox-service.js';

interface Delivery {
  readonly id: string;
  readonly status: string;
  readonly attempts: number;
  readonly last_result: string | null;
  /** Milliseconds until the next attempt. */
  readonly due_in: number;
}

let sandbox: SandboxService;

beforeAll(async () => {
  sandbox = await SandboxService.start();
});
afterAll(() => sandbox?.stop());
beforeEach(async () => {
  // Deliveries of earlier tests must not arrive in this one.
  await sandbox.rows(`UPDATE webhook_deliveries SET status = 'given_up' WHERE status = 'pending'`);
  sandbox.received.length = 0;
  sandbox.webhookStatuses.length = 0;
});

const deliveryOf = async (reference: string): Promise<Delivery> => {
  const [row] = await sandbox.rows<Delivery>(
    `SELECT id, status, attempts, last_result, (extract(epoch FROM due_at - now()) * 1000)::int AS due_in
       FROM webhook_deliveries WHERE body::jsonb -> 'data' ->> 'reference' = $1`,
    reference,
  );
  return row!;
};
const charge = (reference: string) => sandbox.post('/v1/charges', chargeOf(reference));
/** Makes the next attempt due now, as if `attempts` had failed before. */
const makeDueNow = async (reference: string, attempts: number) => {
  await sandbox.rows(
    'UPDATE webhook_deliveries SET due_at = now(), attempts = $2, last_result = NULL WHERE id = $1',
    (await deliveryOf(reference)).id,
    attempts,
  );
  sandbox.wakeDispatcher();
};
/** Waits until the result of this attempt is stored. */
const attempted = (reference: string, attempts: number) =>
  until(async () => {
    const delivery = await deliveryOf(reference);
    return delivery.attempts === attempts && delivery.last_result !== null;
  });

test('a webhook that the merchant accepts is delivered once', async () => {
  await charge('accepted');
  await until(async () => (await deliveryOf('accepted')).status === 'delivered');
  expect(await deliveryOf('accepted')).toMatchObject({ status: 'delivered', attempts: 1, last_result: '204' });
  await sleep(300);
  expect(sandbox.received).toHaveLength(1);
});

test.each([
  [1, 1_000],
  [2, 5_000],
  [3, 30_000],
  [6, 3_600_000],
  [9, 86_400_000],
])('after failure %i the next attempt follows in %i ms', async (attempts, delayMs) => {
  const reference = `refused-${attempts}`;
  sandbox.webhookStatuses.push(500, 500);
  await charge(reference);
  await attempted(reference, 1);
  if (attempts > 1) {
    await makeDueNow(reference, attempts - 1);
    await attempted(reference, attempts);
  }
  const delivery = await deliveryOf(reference);
  expect(delivery).toMatchObject({ status: 'pending', attempts, last_result: '500' });
  expect(delivery.due_in).toBeGreaterThan(delayMs - 1_000);
  expect(delivery.due_in).toBeLessThanOrEqual(delayMs);
});

test('a refused webhook is repeated with the same event until the merchant accepts it', async () => {
  sandbox.webhookStatuses.push(503, 302);
  await charge('repeated');
  await attempted('repeated', 1);
  await makeDueNow('repeated', 1);
  await attempted('repeated', 2);
  await makeDueNow('repeated', 2);
  await attempted('repeated', 3);
  expect(await deliveryOf('repeated')).toMatchObject({ status: 'delivered', attempts: 3, last_result: '204' });
  expect(sandbox.received).toHaveLength(3);
  expect(new Set(sandbox.received.map(({ body }) => body)).size).toBe(1);
});

test('after the tenth failure the delivery is given up', async () => {
  sandbox.webhookStatuses.push(500, 500);
  await charge('given-up');
  await attempted('given-up', 1);
  await makeDueNow('given-up', 9);
  await until(async () => (await deliveryOf('given-up')).status === 'given_up');
  expect(await deliveryOf('given-up')).toMatchObject({ status: 'given_up', attempts: 10, last_result: '500' });
  await sleep(300);
  expect(sandbox.received).toHaveLength(2);
});

test('a merchant that does not respond has 5 s; a delivery under way is leased for longer, and is repeated afterwards', async () => {
  sandbox.webhookStatuses.push(neverResponds);
  await charge('silent');
  await until(() => sandbox.received.length === 1);
  const { status, attempts, due_in } = await deliveryOf('silent');
  expect([status, attempts]).toEqual(['pending', 1]);
  // If the sender dies now, another one takes the delivery up in 15 s.
  expect(due_in).toBeGreaterThan(10_000);
  expect(due_in).toBeLessThanOrEqual(15_000);
  await until(async () => (await deliveryOf('silent')).last_result !== null, 10_000);
  expect(await deliveryOf('silent')).toMatchObject({ status: 'pending', last_result: 'UND_ERR_HEADERS_TIMEOUT' });
  await until(async () => (await deliveryOf('silent')).status === 'delivered');
  expect(await deliveryOf('silent')).toMatchObject({ status: 'delivered', attempts: 2, last_result: '204' });
}, 20_000);

describe('a merchant that cannot be reached', () => {
  let lonely: SandboxService;
  beforeAll(async () => {
    // Nothing listens on port 1.
    lonely = await SandboxService.start({ PSP_WEBHOOK_URL: 'http://127.0.0.1:1/webhooks/psp' });
  });
  afterAll(() => lonely?.stop());

  test('the delivery waits for its next attempt, with the reason', async () => {
    await lonely.post('/v1/charges', chargeOf('unreachable'));
    const rows = () =>
      lonely.rows<{ status: string; attempts: number; last_result: string | null }>(
        'SELECT status, attempts, last_result FROM webhook_deliveries',
      );
    await until(async () => (await rows()).some(({ last_result }) => last_result !== null));
    expect(await rows()).toEqual([{ status: 'pending', attempts: 1, last_result: 'ECONNREFUSED' }]);
  });
});

test('a charge wakes the dispatcher, which asks the database rarely when nothing is due', async () => {
  const wake = jest.spyOn(sandbox.app.get(WakeSignal, { strict: false }), 'wake');
  await charge('woken');
  expect(wake).toHaveBeenCalledTimes(1);
  wake.mockRestore();
});
