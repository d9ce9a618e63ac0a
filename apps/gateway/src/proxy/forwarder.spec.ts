import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import type { Balancer, CallResult, SendRequest } from '@causeway/discovery';
import { CallWatch, Deadline, withDeadline } from '@causeway/resilience';
import { jest } from '@jest/globals';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Forwarder } from './forwarder.js';

/** A forwarder whose services are `agent`, and what it reported to the balancer about each call. */
function forwarder(send: (signals: readonly AbortSignal[], call: number) => Promise<unknown>) {
  const reports: CallResult[][] = [];
  let calls = 0;
  const balancer = {
    hasOther: () => false,
    pick: () => {
      const reported: CallResult[] = [];
      reports.push(reported);
      const report = (result: CallResult) => void reported.push(result);
      return { endpoint: { id: 'a', url: `http://a${reports.length}` }, report };
    },
  } as unknown as Balancer;
  const sendRequest = ((_request, signals) => send(signals, ++calls)) as SendRequest;
  return { reports, forwarder: new Forwarder(balancer, sendRequest) };
}

const bodyOf = (text: string): Readable => Object.assign(Readable.from([text]), { dump: () => Promise.resolve() });
const head = (statusCode: number, body: Readable = bodyOf('x')) => ({ statusCode, headers: {}, body });

function exchange(method = 'GET') {
  const raw = Object.assign(new EventEmitter(), { writableFinished: false, destroyed: false });
  const sent: { status?: number; body?: Readable; hijacked?: boolean } = {};
  const reply = {
    raw,
    code: (status: number) => ((sent.status = status), reply),
    headers: () => reply,
    header: () => reply,
    send: (body: Readable) => ((sent.body = body), reply),
    hijack: () => ((sent.hijacked = true), reply),
  } as unknown as FastifyReply;
  const request = { method, headers: {}, raw: { url: '/v1/x' }, ip: '1.2.3.4' } as unknown as FastifyRequest;
  return { request, reply, raw, sent };
}

let count = 0;
/** A service of its own for each test: nothing is remembered. */
const service = () => `s${++count}`;
const ended = (body: Readable) => new Promise((resolve) => body.resume().once('close', resolve));

test('a call lasts until the body has passed, and is reported once', async () => {
  const { reports, forwarder: gateway } = forwarder(() => Promise.resolve(head(200)));
  const { request, reply, sent } = exchange();
  await gateway.forward(service(), request, reply);
  expect(reports).toEqual([[]]);
  await ended(sent.body!);
  expect(reports).toEqual([[{ ms: expect.any(Number), failed: false, overloaded: false }]]);
});

test.each([
  [500, false],
  [502, true],
  [503, true],
  [504, true],
])('an instance that answers %i has failed as an instance: %s', async (status, failed) => {
  const { reports, forwarder: gateway } = forwarder(() => Promise.resolve(head(status)));
  const { request, reply, sent } = exchange('POST');
  await gateway.forward(service(), request, reply);
  await ended(sent.body!);
  expect(reports).toEqual([[expect.objectContaining({ failed })]]);
});

const ask = async (gateway: Forwarder, name: string, deadlineMs = 3_000): Promise<void> => {
  const { request, reply, sent } = exchange();
  await withDeadline(Deadline.after(deadlineMs), () => gateway.forward(name, request, reply));
  await ended(sent.body!);
};

test.each([
  ['has too much work', 503, { 'causeway-overloaded': '1' }, 3_000, true],
  ['is too late for a client that had no patience', 504, {}, 50, false],
])(
  'an instance that %s is not taken out, nor is it asked again, and its breaker stays closed',
  async (_what, status, headers, deadlineMs, overloaded) => {
    const { reports, forwarder: gateway } = forwarder(() => Promise.resolve({ ...head(status), headers }));
    const name = service();
    for (let call = 0; call < 40; call += 1) await ask(gateway, name, deadlineMs);
    expect(reports).toHaveLength(40);
    for (const reported of reports) expect(reported).toEqual([{ ms: expect.any(Number), failed: false, overloaded }]);
  },
);

test('a service that fails opens its breaker', async () => {
  const { forwarder: gateway } = forwarder(() => Promise.resolve(head(504)));
  const name = service();
  for (let call = 0; call < 20; call += 1) await ask(gateway, name);
  await expect(ask(gateway, name)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
});

test('an answer that breaks off is a failure of the instance, unless the client hung up', async () => {
  for (const gone of [false, true]) {
    const body = new Readable({ read: () => undefined });
    const { reports, forwarder: gateway } = forwarder(() => Promise.resolve(head(200, body)));
    const { request, reply, raw } = exchange();
    await gateway.forward(service(), request, reply);
    body.on('error', () => undefined);
    if (gone) raw.emit('close');
    body.destroy(new Error('reset'));
    await new Promise((resolve) => body.once('close', resolve));
    expect(reports).toEqual([[expect.objectContaining({ failed: !gone })]]);
  }
});

test('each attempt is reported by itself, once; the response that is replaced is read to its end', async () => {
  let dumped = 0;
  const first = Object.assign(bodyOf('first'), {
    dump() {
      dumped += 1;
      return ended(this as unknown as Readable);
    },
  });
  const { reports, forwarder: gateway } = forwarder((_signals, call) =>
    Promise.resolve(call === 1 ? head(503, first) : head(200)),
  );
  const { request, reply, sent } = exchange();
  await gateway.forward(service(), request, reply);
  await ended(sent.body!);
  expect([sent.status, dumped]).toEqual([200, 1]);
  expect(reports.map((reported) => reported.map(({ failed }) => failed))).toEqual([[true], [false]]);
});

const hang = (signals: readonly AbortSignal[]) =>
  new Promise<never>((_resolve, reject) => {
    for (const signal of signals) signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

test('a client that hangs up counts as no failure, and gets no response', async () => {
  const { reports, forwarder: gateway } = forwarder(hang);
  const { request, reply, raw, sent } = exchange();
  const forwarded = gateway.forward(service(), request, reply);
  raw.emit('close');
  await forwarded;
  expect(sent).toEqual({ hijacked: true });
  expect(reports).toEqual([[expect.objectContaining({ failed: false })]]);
});

test('silence is held against an instance only after a fair time', async () => {
  // A busy machine is another matter, which `CallWatch` tests.
  jest.spyOn(CallWatch.prototype, 'saturated', 'get').mockReturnValue(false);
  for (const [ms, failed] of [
    [30, false],
    [1_050, true],
  ] as const) {
    const { reports, forwarder: gateway } = forwarder(hang);
    const { request, reply } = exchange();
    const forwarded = withDeadline(Deadline.after(ms), () => gateway.forward(service(), request, reply));
    await expect(forwarded).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(reports).toEqual([[expect.objectContaining({ failed })]]);
  }
  jest.restoreAllMocks();
});

test('a service that stays silent opens its breaker', async () => {
  const { forwarder: gateway } = forwarder(hang);
  const name = service();
  const ask = () =>
    withDeadline(Deadline.after(1_050), () => {
      const { request, reply } = exchange();
      return gateway.forward(name, request, reply);
    });
  await Promise.allSettled(Array.from({ length: 20 }, ask));
  await expect(ask()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
});
