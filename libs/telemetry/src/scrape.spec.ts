import { loadSettings } from '@causeway/config';
import { metrics as api } from '@opentelemetry/api';
import { meter, scrapeMetrics, startTelemetry, telemetrySettings, type Telemetry } from './index.js';
import { metricsStopped } from './metrics.js';

const metrics = meter('test');
const seen = metrics.counter('test.seen', { description: 'Things seen' });
metrics.gauge('test.broken', {}, () => Promise.reject(new Error('away')));
const took = metrics.duration('test.took', 'How long');

let telemetry: Telemetry;
const start = async (env: Record<string, string> = {}) =>
  (telemetry = await startTelemetry({
    service: 'order',
    version: '1.2.3',
    instanceId: 'order-1',
    settings: loadSettings(telemetrySettings, env),
  }));
afterEach(async () => {
  await telemetry.shutdown();
  api.disable();
  metricsStopped();
});

test('what is recorded is there for Prometheus, without an endpoint to push to; a gauge that fails leaves out itself', async () => {
  expect(await scrapeMetrics()).toBeUndefined();
  await start();
  seen.add(2, { outcome: 'ok' });
  took.record(0.03);
  await scrapeMetrics();
  seen.add(1, { outcome: 'ok' });
  const lines = (await scrapeMetrics())!.split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      '# HELP test_seen_total Things seen',
      '# TYPE test_seen_total counter',
      'test_seen_total{outcome="ok"} 3',
      '# UNIT test_took s',
      'test_took_bucket{le="0.025"} 0',
      'test_took_bucket{le="0.05"} 1',
      'test_took_count 1',
      expect.stringMatching(/^target_info\{.*service_name="order".*service_instance_id="order-1".*\} 1$/),
      expect.stringMatching(/^process_memory_usage \d+$/),
    ]),
  );
  expect(lines.join()).not.toContain('test_broken');
  await telemetry.shutdown();
  expect(await scrapeMetrics()).toBeUndefined();
});

test.each(['none', 'otlp'])('OTEL_METRICS_EXPORTER=%s: there is nothing to scrape', async (exporter) => {
  await start({ OTEL_METRICS_EXPORTER: exporter });
  expect(await scrapeMetrics()).toBeUndefined();
});
