import { setTimeout as sleep } from 'node:timers/promises';
import { startLoad } from './load.js';
import { endpointsAt } from './reach.js';
import { FakeShop } from './testing/fake-shop.js';

test('orders go round the products and are read until they are confirmed, also after a failed read', async () => {
  let looks = 0;
  const shop = new FakeShop((call) =>
    /^GET \/v1\/orders\/./.test(call) && (looks += 1) % 2 === 0 ? 'reset' : undefined,
  );
  const load = startLoad(endpointsAt(await shop.start()), { customers: 1, pauseMs: 1 });
  while (load.result.orders < 6) await sleep(5);
  const { failures, orders } = await load.stop();
  await shop.stop();
  expect(shop.products.map(({ available }) => 100_000 - available).every((sold) => sold >= 2)).toBe(true);
  expect(looks).toBeGreaterThan(orders * 2);
  expect(new Set(failures.map(({ kind }) => kind.replace('UND_ERR_SOCKET', 'ECONNRESET')))).toEqual(
    new Set(['GET /v1/orders/{id}: ECONNRESET']),
  );
});

test('a customer that cannot sign in tries again until the load is stopped', async () => {
  const shop = new FakeShop(() => ({ status: 503, body: { code: 'NO_ENDPOINT' } }));
  const load = startLoad(endpointsAt(await shop.start()), { customers: 1, pauseMs: 1 });
  while (load.result.failures.length < 3) await sleep(5);
  const { failures, orders, requests } = await load.stop();
  await shop.stop();
  expect([orders, failures.length]).toEqual([0, requests]);
  expect(failures[0]).toEqual({
    kind: 'POST /v1/users: 503 NO_ENDPOINT',
    cause: 'dropped',
    detail: '{"code":"NO_ENDPOINT"}',
  });
});
