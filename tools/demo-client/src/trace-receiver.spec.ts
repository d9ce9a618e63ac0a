import { gzipSync } from 'node:zlib';
import { startTraceReceiver, type TraceReceiver } from './trace-receiver.js';
import { waterfall } from './waterfall.js';

const traceId = 'a'.repeat(32);
const span = (spanId: string, parentSpanId: string, fromMs: number, toMs: number, more = {}) => ({
  traceId,
  spanId,
  parentSpanId,
  name: `span ${spanId}`,
  kind: 2,
  startTimeUnixNano: `${1_700_000_000_000 + fromMs}000000`,
  endTimeUnixNano: `${1_700_000_000_000 + toMs}500000`,
  attributes: [{ key: 'http.response.status_code', value: { intValue: '202' } }],
  status: {},
  ...more,
});
const exported = (service: string, ...spans: unknown[]) => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
      scopeSpans: [{ spans }],
    },
  ],
});

let receiver: TraceReceiver;
beforeEach(async () => (receiver = await startTraceReceiver(0, { maxSpans: 3 })));
afterEach(() => receiver.stop());

const post = (path: string, body: string | Uint8Array<ArrayBuffer>, headers = {}): Promise<Response> =>
  fetch(`${receiver.url}${path}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });

test('spans of several services come together in one trace, oldest first', async () => {
  await post('/v1/traces', JSON.stringify(exported('order', span('2', '1', 5, 9))));
  await post('/v1/traces', gzipSync(JSON.stringify(exported('gateway', span('1', '', 0, 12)))), {
    'content-encoding': 'gzip',
  });
  expect(receiver.trace(traceId)).toMatchObject([
    { service: 'gateway', spanId: '1', parentSpanId: undefined, kind: 'server', durationMs: 12.5, failed: false },
    { service: 'order', spanId: '2', parentSpanId: '1', attributes: { 'http.response.status_code': 202 } },
  ]);
});

test('metrics are accepted, invalid JSON is refused, and the receiver survives both', async () => {
  expect((await post('/v1/metrics', '{}')).status).toBe(200);
  expect((await post('/v1/traces', 'not json')).status).toBe(400);
  expect((await post('/elsewhere', '{}')).status).toBe(404);
  expect((await post('/v1/traces', JSON.stringify(exported('user', span('1', '', 0, 1))))).status).toBe(200);
  expect(receiver.trace(traceId)).toHaveLength(1);
});

test('a trace can be read over HTTP by its id, and nothing else', async () => {
  await post('/v1/traces', JSON.stringify(exported('user', span('1', '', 0, 1))));
  expect(await (await fetch(`${receiver.url}/traces/${traceId}`)).json()).toMatchObject([{ spanId: '1' }]);
  expect(await (await fetch(`${receiver.url}/traces/${'b'.repeat(32)}`)).json()).toEqual([]);
  expect((await fetch(`${receiver.url}/traces/all`)).status).toBe(404);
});

test('the oldest trace is dropped first', async () => {
  await post('/v1/traces', JSON.stringify(exported('user', span('1', '', 0, 1), span('2', '', 0, 1))));
  const other = { traceId: 'b'.repeat(32) };
  await post('/v1/traces', JSON.stringify(exported('user', span('3', '', 0, 1, other), span('4', '', 0, 1, other))));
  expect(receiver.trace(traceId)).toEqual([]);
  expect(receiver.trace(other.traceId)).toHaveLength(2);
});

test('a waterfall shows children below their parent, orphans as roots, and marks failures', async () => {
  const spans = [
    span('1', '', 0, 100),
    span('3', '2', 60, 80, { status: { code: 2 } }),
    span('2', '1', 50, 90),
    span('9', '8', 95, 99),
  ];
  await startTraceReceiver(0).then(async (large) => {
    await fetch(`${large.url}/v1/traces`, { method: 'POST', body: JSON.stringify(exported('order', ...spans)) });
    const lines = waterfall(large.trace(traceId)).map((line) => line.slice(0, 32).trimEnd());
    expect(lines).toEqual(
      ['order        span 1', 'order          span 2', 'order            span 3 (failed)', 'order        span 9'].map(
        (line) => line.slice(0, 32).trimEnd(),
      ),
    );
    await large.stop();
  });
});
