import { loadSettings } from '@causeway/config';
import { scrapeMetrics } from '../scrape.js';
import { telemetrySettings } from '../settings.js';
import { startTelemetry } from '../start.js';

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

/** What Prometheus would see of this process. */
export interface ExportedMetrics {
  /**
   * @param name As Prometheus has it: `messaging_inbox_duplicates_total`.
   * @param labels Those that have to match; others are added up.
   * @returns undefined when there is no such sample.
   */
  value(name: string, labels?: Labels): Promise<number | undefined>;
  /** The labels of all samples of a name. */
  labelsOf(name: string): Promise<Labels[]>;
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

/** Reads the samples of a page of Prometheus text. */
export function parseSamples(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, held]) => [label, held]);
    return [{ name, labels: Object.fromEntries(pairs) as Labels, value: Number(value?.replace('Inf', 'Infinity')) }];
  });
}
