import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createHttpAgent } from './index.js';

test.each([
  ['would keep it for longer', 'timeout=72'],
  ['says nothing', undefined],
])('an idle connection is given up in time, also when the server %s', async (_what, promise) => {
  const server = createServer((_request, response) => {
    if (promise === undefined) response.removeHeader('keep-alive');
    else response.writeHead(200, { connection: 'keep-alive', 'keep-alive': promise });
    response.end();
  });
  server.keepAliveTimeout = 0;
  const agent = await createHttpAgent({ idleMs: 20 });
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const connected = once(server, 'connection') as Promise<[Socket]>;
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await (await agent.request({ origin, path: '/', method: 'GET' })).body.dump();
    const [socket] = await connected;
    if (!socket.destroyed) await once(socket, 'close');
  } finally {
    await agent.destroy();
    server.close();
  }
});
