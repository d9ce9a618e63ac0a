import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHttpAgent, sendThrough, type HttpResponse } from './index.js';

const agent = await createHttpAgent({ connections: 1 });
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
afterAll(() => agent.destroy());

async function serve(handler: RequestListener): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const send = (origin: string, signal = new AbortController().signal, method: 'GET' | 'HEAD' = 'GET') =>
  sendThrough(agent)({ origin, method, path: '/' }, [new AbortController().signal, signal]);
const streamOf = ({ body }: HttpResponse): Readable & { dump(): Promise<void> } => {
  if (Buffer.isBuffer(body)) throw new Error('it had arrived already');
  return body;
};

test('a body that arrives with its head is bytes, of a chunked response, too', async () => {
  const url = await serve((_request, response) => {
    response.setHeader('x-a', '1');
    for (const part of ['one ', 'two ', 'three']) response.write(part);
    response.end();
  });
  const { statusCode, headers, body } = await send(url);
  expect([statusCode, headers['x-a'], Buffer.isBuffer(body), body.toString()]).toEqual([
    200,
    '1',
    true,
    'one two three',
  ]);
});

test('a body that takes longer is a stream, given with the head', async () => {
  const more = Promise.withResolvers<void>();
  const url = await serve((_request, response) => {
    response.write('one ');
    void more.promise.then(() => response.end('two'));
  });
  const body = streamOf(await send(url));
  more.resolve();
  expect(await text(body)).toBe('one two');
});

test('no body is an empty stream: HEAD, 204 and 304 keep the length that they name', async () => {
  const url = await serve((_request, response) => response.writeHead(200, { 'content-length': '7' }).end());
  const response = await send(url, undefined, 'HEAD');
  expect([response.headers['content-length'], await text(streamOf(response))]).toEqual(['7', '']);
});

test('what comes before the response, such as 103, is not the response', async () => {
  const url = await serve((_request, response) => {
    response.writeEarlyHints({ link: '</x>; rel=preload' });
    setTimeout(() => response.writeHead(201).end('made'), 20); // not in the same packet
  });
  const { statusCode, body } = await send(url);
  expect([statusCode, body.toString()]).toEqual([201, 'made']);
});

test('a body is read at the pace of its reader', async () => {
  let sent = 0;
  const url = await serve((_request, response) => {
    const fill = () => {
      while (sent < 64_000_000 && response.write(Buffer.alloc(64_000))) sent += 64_000;
      if (sent >= 64_000_000) response.end();
    };
    response.on('drain', fill).write('a small part first');
    setTimeout(fill, 20);
  });
  const body = streamOf(await send(url));
  for (let before = -1; before !== sent || sent === 0; await sleep(100)) before = sent;
  expect(sent).toBeLessThan(32_000_000);
  body.destroy();
});

test.each(['before the head', 'in the body'])('a signal that aborts %s ends the request', async (when) => {
  const leaving = new AbortController();
  const closed = Promise.withResolvers<void>();
  const url = await serve((request, response) => {
    request.socket.once('close', closed.resolve);
    if (when === 'in the body') response.write('one');
    setTimeout(() => leaving.abort(new Error('left')), 20);
  });
  await expect(send(url, leaving.signal).then((response) => text(streamOf(response)))).rejects.toThrow('left');
  await closed.promise;
});

test('a signal that aborts while the request waits for a connection ends it, and nothing is sent', async () => {
  let calls = 0;
  const first = Promise.withResolvers<void>();
  const url = await serve((_request, response) => {
    calls += 1;
    void first.promise.then(() => response.end('done'));
  });
  const busy = send(url);
  const leaving = new AbortController();
  const waiting = send(url, leaving.signal);
  leaving.abort(new Error('left'));
  await expect(waiting).rejects.toThrow('left');
  first.resolve();
  await busy;
  await sleep(20);
  expect(calls).toBe(1);
});

test('a connection that breaks is an error: of the request before the head, of the body after it', async () => {
  const before = await serve((request) => request.socket.destroy());
  await expect(send(before)).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
  const after = await serve((request, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('half');
    setTimeout(() => request.socket.destroy(), 20);
  });
  const body = streamOf(await send(after));
  await expect(text(body)).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
});

test('a body that nobody wants is read to its end, and its connection used again; a long one closes it', async () => {
  const connections = new Set<unknown>();
  const closed = Promise.withResolvers<void>();
  let length = 10;
  const url = await serve((request, response) => {
    connections.add(request.socket);
    response.writeHead(200, { 'content-length': length }).write('x');
    setTimeout(() => response.end(Buffer.alloc(length - 1)), 10);
    request.socket.once('close', closed.resolve);
  });
  await streamOf(await send(url)).dump();
  length = 10_000_000;
  await streamOf(await send(url)).dump();
  expect(connections.size).toBe(1);
  await closed.promise;
});

test('listeners of a signal are gone when the response is', async () => {
  const { signal } = new AbortController();
  let left = 0;
  const counting = {
    addEventListener: () => (left += 1),
    removeEventListener: () => (left -= 1),
  } as unknown as AbortSignal;
  const url = await serve((_request, response) => void response.end('x'));
  await sendThrough(agent)({ origin: url, method: 'GET', path: '/' }, [signal, counting]);
  const begun = Promise.withResolvers<ServerResponse>();
  const open = await serve((_request, response) => (response.write('x'), begun.resolve(response)));
  const response = await sendThrough(agent)({ origin: open, method: 'GET', path: '/' }, [signal, counting]);
  expect(left).toBe(1);
  (await begun.promise).end();
  await text(streamOf(response));
  expect(left).toBe(0);
});
