import { MetricReader } from '@opentelemetry/sdk-metrics';
import { reportExportErrors } from '../export-errors.js';
import { scrapedBy } from '../scrape.js';

/** A gauge that reads something remote must not hold up the others until Prometheus has lost its patience (10 s). */
const collectTimeoutMs = 5_000;

/**
 * Serves scrapes with OpenTelemetry's own Prometheus exporter, or rather with its half that writes the text: the other
 * half is an HTTP server on one more port. The reader must exist from the start, so that counters count from then on.
 * The exporter itself is imported by the first scrape: a process that nobody scrapes does not pay for it.
 */
class ScrapeReader extends MetricReader {
  private readonly report = reportExportErrors(undefined, 'a metric could not be read');
  private readonly serializer = lazy(async () => {
    const { PrometheusSerializer } = await import('@opentelemetry/exporter-prometheus');
    // Without the name of the library that made an instrument: no question needs that label, and it makes the text longer.
    return new PrometheusSerializer(undefined, false, undefined, false, true);
  });

  async scrape(): Promise<string> {
    const serializer = await this.serializer();
    const { resourceMetrics, errors } = await this.collect({ timeoutMillis: collectTimeoutMs });
    errors.forEach(this.report);
    return serializer.serialize(resourceMetrics);
  }

  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected override onShutdown(): Promise<void> {
    scrapedBy(undefined);
    return Promise.resolve();
  }
}

export function scrapeReader(): MetricReader {
  const reader = new ScrapeReader();
  scrapedBy(() => reader.scrape());
  return reader;
}

function lazy<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
