import { Child } from './child.js';
import { head, RawClient } from './raw-client.js';

let child: Child;
const clients: RawClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.end();
  await child.end();
});

async function start(settings: Record<string, string>): Promise<number> {
  child = Child.start(settings);
  return Number(new URL((await child.ready()).url).port);
}

async function open(port: number): Promise<RawClient> {
  const client = await RawClient.open(port);
  clients.push(client);
  return client;
}

/** Connections that have each had an answer, and are kept. */
async function idle(port: number, count: number): Promise<RawClient[]> {
  const opened = await Promise.all(Array.from({ length: count }, () => open(port)));
  for (const client of opened)
    expect(await client.get('/v1/things/1')).toEqual({ status: 200, connection: 'keep-alive' });
  return opened;
}

/** Each sends when the one before has its answer: the last is idle for as long as all others take. @returns what they were reported. */
async function oneByOne(slow: readonly RawClient[]): Promise<string[]> {
  const reported: string[] = [];
  for (const client of slow) {
    const { status, connection } = await client.get('/v1/things/2').catch(() => ({ status: 'reset', connection: '' }));
    reported.push(`${status} ${connection}`.trim());
  }
  return reported;
}

test('a stop drops no request of forty slow clients on connections that they keep', async () => {
  const port = await start({ SHUTDOWN_DRAIN_MS: '60000' });
  const slow = await idle(port, 40);
  const silent = await open(port);
  const halfway = await open(port);
  const [first, second] = [head('GET', '/v1/things/3').slice(0, 20), head('GET', '/v1/things/3').slice(20)];
  halfway.send(first);

  child.kill('SIGTERM');
  await child.said('stopping');
  halfway.send(second);
  expect(await halfway.answer()).toEqual({ status: 200, connection: 'close' });
  expect(await oneByOne(slow.slice(0, 20))).toEqual(Array(20).fill('200 close'));
  for (const client of [silent, await open(port)])
    expect(await client.get('/v1/things/6')).toEqual({ status: 200, connection: 'close' });
  const pipelining = await open(port);
  const slowly = head('POST', '/v1/things/slow', 'Content-Type: application/json', 'Content-Length: 9') + '{"ms":50}';
  pipelining.send(slowly + head('GET', '/v1/things/4') + head('GET', '/v1/things/5'));
  for (const connection of ['keep-alive', 'keep-alive', 'close'])
    expect(await pipelining.answer()).toEqual({ status: 200, connection });
  expect(await oneByOne(slow.slice(20))).toEqual(Array(20).fill('200 close'));

  // Nobody is connected any more: it does not wait for the rest of the minute.
  expect(await child.exited).toEqual({ code: 0, signal: null });
});

test('without the time to drain, the same clients are cut off', async () => {
  const port = await start({ SHUTDOWN_DRAIN_MS: '0' });
  const slow = await idle(port, 40);
  child.kill('SIGTERM');
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(await oneByOne(slow)).toEqual(Array(40).fill('reset'));
});

test('a client that stays idle is waited for until the time is over', async () => {
  const port = await start({ SHUTDOWN_DRAIN_MS: '300' });
  const [client] = await idle(port, 1);
  const silent = await open(port);
  const before = performance.now();
  child.kill('SIGTERM');
  await Promise.all([client!.closed, silent.closed]);
  expect(performance.now() - before).toBeGreaterThanOrEqual(300);
  expect(await child.exited).toEqual({ code: 0, signal: null });
});

test.each([
  ['a Ctrl-C', () => child.kill('SIGINT')],
  ['the end of the parent', () => child.abandon()],
])('%s waits for nobody who is idle', async (_what, ask) => {
  await idle(await start({ SHUTDOWN_DRAIN_MS: '600000' }), 1);
  ask();
  expect(await child.exited).toEqual({ code: 0, signal: null });
});
