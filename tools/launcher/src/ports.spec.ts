import { createServer, type AddressInfo, type Server } from 'node:net';
import { anyFreePort, isFree, nextFreePort } from './ports.js';

const listen = (port = 0): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer().listen(port, '127.0.0.1', () => resolve(server));
  });

test('a port in use is passed over for the next one', async () => {
  const server = await listen();
  const { port } = server.address() as AddressInfo;
  expect(await isFree(port)).toBe(false);
  expect(await nextFreePort(port)).toBeGreaterThan(port);
  await new Promise((resolve) => server.close(resolve));
});

test('a port that was promised to somebody is not given twice, though nobody listens yet', async () => {
  const taken = new Set<number>();
  const wanted = await anyFreePort();
  const first = await nextFreePort(wanted, taken);
  const second = await nextFreePort(wanted, taken);
  expect(first).toBe(wanted);
  expect(second).toBeGreaterThan(first);
  expect([...taken]).toEqual([first, second]);
});

test('0 takes any free port', async () => {
  expect(await nextFreePort(0)).toBeGreaterThan(0);
});
