import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadSettings } from '@causeway/config';
import { currentTraceId, extractTrace, inSpan, startTelemetry, telemetrySettings } from './index.js';

test('full: the stock SDK reads the standard variables itself', async () => {
  const paths: string[] = [];
  const collector = createServer((request, response) => {
    paths.push(request.url ?? '');
    request.resume().on('end', () => response.end());
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const env = {
    TELEMETRY_SDK: 'full',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
  };
  const before = { ...process.env };
  Object.assign(process.env, env);
  try {
    const settings = loadSettings(telemetrySettings, env);
    const telemetry = await startTelemetry({ service: 'order', version: '1.0.0', instanceId: 'order-1', settings });
    expect(await inSpan('place', {}, () => currentTraceId())).toMatch(/^[0-9a-f]{32}$/);
    // Its sampler need not follow the parent, so a span below one that is not recorded is made all the same.
    const unrecorded = extractTrace({ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00` });
    const id = await inSpan('below', { parent: unrecorded }, (span) => span.spanContext().spanId);
    expect(id).not.toBe('b'.repeat(16));
    await telemetry.shutdown();
    expect(paths).toContain('/v1/traces');
  } finally {
    process.env = before;
    collector.closeAllConnections();
    collector.close();
  }
});
