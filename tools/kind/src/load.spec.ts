import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startLoad } from './load.js';
import { doorAt } from './order.js';

test('a request that fails is kept with its answer, and the load goes on until it is stopped', async () => {
  const server = createServer((_, response) =>
    response.writeHead(503, { 'content-type': 'application/json' }).end('{"code":"NO_ENDPOINT"}'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const load = startLoad(doorAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), {
    customers: 1,
    pauseMs: 1,
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const { failures, orders } = await load.stop();
  expect(orders).toBe(0);
  expect(failures.length).toBeGreaterThan(0);
  expect(failures[0]).toContain('POST /v1/users answered 503: {"code":"NO_ENDPOINT"}');
  server.closeAllConnections();
  server.close();
});
