import { loadSettings } from '@causeway/config';
import { parseSamples, type MetricLabels } from '../samples.js';
import { scrapeMetrics } from '../scrape.js';
import { telemetrySettings } from '../settings.js';
import { startTelemetry } from '../start.js';

/** What Prometheus would see of this process. */
export interface ExportedMetrics {
  /**
   * @param name As Prometheus has it: `messaging_inbox_duplicates_total`.
   * @param labels Those that have to match; others are added up.
   * @returns undefined when there is no such sample.
   */
  value(name: string, labels?: MetricLabels): Promise<number | undefined>;
  /** The labels of all samples of a name. */
  labelsOf(name: string): Promise<MetricLabels[]>;
  stop(): Promise<void>;
}

/** Starts telemetry in a test, so that instruments are recorded and can be read as they are exported. */
export async function exportMetrics(): Promise<ExportedMetrics> {
  const settings = loadSettings(telemetrySettings, { OTEL_METRICS_EXPORTER: 'prometheus' });
  const telemetry = await startTelemetry({ service: 'test', version: '0.0.0', instanceId: 'test-1', settings });
  const samplesOf = async (name: string) =>
    parseSamples((await scrapeMetrics()) ?? '').filter((sample) => sample.name === name);
  return {
    value: async (name, wanted = {}) => {
      const found = (await samplesOf(name)).filter(({ labels }) =>
        Object.entries(wanted).every(([label, value]) => labels[label] === value),
      );
      return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
    },
    labelsOf: async (name) => (await samplesOf(name)).map(({ labels }) => labels),
    stop: () => telemetry.shutdown(),
  };
}
