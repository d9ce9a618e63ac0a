/** Collects all metrics and writes them as Prometheus text, version 0.0.4. */
export type Scrape = () => Promise<string>;

let scrape: Scrape | undefined;

/** Called when a reader for scrapes has been registered, and with undefined when it has been shut down. */
export function scrapedBy(reader: Scrape | undefined): void {
  scrape = reader;
}

/** The content type of {@link scrapeMetrics}. */
export const scrapeContentType = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * All metrics of this process for Prometheus. Undefined before `startTelemetry` has finished, and where
 * `OTEL_METRICS_EXPORTER` does not name `prometheus`.
 */
export const scrapeMetrics = async (): Promise<string | undefined> => scrape?.();
