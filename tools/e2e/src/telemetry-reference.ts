import { readFileSync } from 'node:fs';
import { codesIn, tableUnder } from '@causeway/testkit';

/** A metric as docs/reference/telemetry.md describes it, and as Prometheus sees it. */
export interface ReferenceMetric {
  readonly name: string;
  readonly type: string;
  readonly unit: string;
  readonly labels: readonly string[];
}

const page = readFileSync(new URL('../../../docs/reference/telemetry.md', import.meta.url), 'utf8');
const types: Readonly<Record<string, string>> = { 'up-down': 'gauge' };
/** OpenTelemetry's exporter replaces what Prometheus does not allow in a name. */
const translated = (name: string): string => name.replaceAll('.', '_');

/** Every metric of the reference, by its name in Prometheus. */
export const referenceMetrics: ReadonlyMap<string, ReferenceMetric> = new Map(
  tableUnder(page, '## Metrics').map(({ metric, kind = '', unit, labels }) => {
    const name = translated(codesIn(metric)[0]!) + (kind === 'counter' ? '_total' : '');
    return [
      name,
      { name, type: types[kind] ?? kind, unit: codesIn(unit)[0] ?? '', labels: codesIn(labels).map(translated) },
    ];
  }),
);

/** Every attribute of the reference. */
export const referenceAttributes: readonly string[] = tableUnder(page, '## Attributes').map(
  ({ attribute }) => codesIn(attribute)[0]!,
);

/** The metrics of a page of Prometheus text, each with all labels that its samples have. */
export function exportedMetrics(text: string): ReferenceMetric[] {
  return text.split(/^# HELP /m).flatMap((block) => {
    const [, name, type] = /^# TYPE (\S+) (\S+)$/m.exec(block) ?? [];
    if (name === undefined || type === undefined || name === 'target_info') return [];
    const [, unit = ''] = /^# UNIT \S+ (.+)$/m.exec(block) ?? [];
    const samples = block.split('\n').filter((line) => !line.startsWith('#'));
    const labels = samples.flatMap((line) => [...line.matchAll(/[{,](\w+)="/g)].map(([, label]) => label!));
    return [{ name, type, unit, labels: [...new Set(labels)].filter((label) => label !== 'le') }];
  });
}
