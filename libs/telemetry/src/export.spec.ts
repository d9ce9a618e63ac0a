import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { loadSettings } from '@causeway/config';
import { SpanKind } from '@opentelemetry/api';
import { inSpan, meter, startTelemetry, telemetrySettings } from './index.js';

/** Made before the start, as libraries do it. */
const metrics = meter('test');
const early = metrics.counter('test.early', { unit: '1' });
const duration = metrics.duration('test.duration', 'How long');
metrics.gauge('test.gauge', {}, (observe) => observe(42, { part: 'a' }));

interface Received {
  readonly path: string;
  readonly body: Record<string, never>;
}

let collector: Server;
const received: Received[] = [];
let url: string;

beforeAll(async () => {
  collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString();
      received.push({ path: request.url ?? '', body: JSON.parse(text) as Record<string, never> });
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
});
afterAll(() => {
  collector.closeAllConnections();
  collector.close();
});

test('spans and metrics reach the endpoint at the latest with the shutdown', async () => {
  const settings = loadSettings(telemetrySettings, {
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_TRACES_SAMPLER_ARG: '1',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,note=a%20b',
  });
  early.add(1, { lost: true });
  const telemetry = await startTelemetry({
    service: 'order',
    version: '1.2.3',
    commit: 'c0ffee',
    instanceId: 'order-1',
    settings,
  });
  early.add(5, { outcome: 'ok' });
  duration.record(0.02);
  await inSpan('outer', { kind: SpanKind.SERVER, attributes: { a: 1 } }, () =>
    inSpan('inner', { attributes: () => ({ 'made.late': true }) }, () => undefined),
  );
  const failure = Object.assign(new Error('refused'), { code: 'PSP_REFUSED' });
  await inSpan('broken', {}, () => Promise.reject(failure)).catch(() => undefined);
  await telemetry.shutdown();
  await telemetry.shutdown();

  const traces = JSON.stringify(received.filter(({ path }) => path === '/v1/traces').map(({ body }) => body));
  for (const part of [
    '"outer"',
    '"inner"',
    '"order-1"',
    '"1.2.3"',
    '"vcs.ref.head.revision","value":{"stringValue":"c0ffee"}',
    '"deployment.environment.name"',
    '"a b"',
    '"PSP_REFUSED"',
    '"made.late"',
  ])
    expect(traces).toContain(part);
  const sent = JSON.stringify(received.filter(({ path }) => path === '/v1/metrics').map(({ body }) => body));
  for (const part of [
    '"test.early"',
    '"asDouble":5',
    '"test.duration"',
    '"test.gauge"',
    '"asDouble":42',
    '"process.memory.usage"',
  ])
    expect(sent).toContain(part);
  expect(sent).not.toContain('"lost"');
  expect(sent).toContain('0.075');
});
