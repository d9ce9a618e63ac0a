import { loadSettings } from '@causeway/config';
import { trace } from '@opentelemetry/api';
import {
  currentTraceId,
  currentTraceparent,
  extractTrace,
  injectTrace,
  inSpan,
  startTelemetry,
  telemetrySettings,
  type Telemetry,
} from './index.js';

let telemetry: Telemetry;
beforeAll(async () => {
  const settings = loadSettings(telemetrySettings, {});
  telemetry = await startTelemetry({ service: 'order', version: '1.0.0', instanceId: 'order-1', settings });
});
afterAll(() => telemetry.shutdown());

test('without an endpoint there are trace ids, and nothing is recorded', async () => {
  expect(currentTraceId()).toBeUndefined();
  await inSpan('place', {}, (span) => {
    expect(currentTraceId()).toMatch(/^[0-9a-f]{32}$/);
    expect(currentTraceparent()).toBe(`00-${currentTraceId()}-${span.spanContext().spanId}-00`);
    expect(span.isRecording()).toBe(false);
  });
});

test('a span inside a span belongs to the same trace', async () => {
  const [outer, inner] = await inSpan('outer', {}, async () => [
    currentTraceId(),
    await inSpan('inner', {}, async () => {
      await Promise.resolve();
      return currentTraceId();
    }),
  ]);
  expect(inner).toBe(outer);
});

test('in a trace that is not recorded, a span below is none of its own, and its attributes are not made', async () => {
  let made = 0;
  const attributes = () => ((made += 1), {});
  const ids = await inSpan('outer', {}, async (outer) => [
    outer.spanContext().spanId,
    await inSpan('inner', { attributes }, (inner) => inner.spanContext().spanId),
  ]);
  expect([ids[1], made]).toEqual([ids[0], 0]);
});

test('a trace goes on where its carrier is unpacked, whatever is active there', async () => {
  const carrier: Record<string, string> = {};
  const sent = await inSpan('publish', {}, () => {
    injectTrace(carrier);
    return currentTraceId();
  });
  const received = await inSpan('other', {}, () =>
    inSpan('process', { parent: extractTrace(carrier) }, () => currentTraceId()),
  );
  expect(carrier['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  expect(received).toBe(sent);
});

test.each([{}, { traceparent: 'nonsense' }, { traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01` }])(
  'the carrier %j begins a new trace, inside of another one, too',
  async (carrier) => {
    await inSpan('other', {}, () => expect(trace.getSpanContext(extractTrace(carrier))).toBeUndefined());
  },
);

test('results and errors pass through', async () => {
  await expect(inSpan('ok', {}, () => 7)).resolves.toBe(7);
  await expect(inSpan('broken', {}, () => Promise.reject(new Error('below')))).rejects.toThrow('below');
});
