import { causeAlerts } from './alerts.js';
import { burnRates, slos, windows, type Slo } from './slo.js';

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: (RecordingRule | AlertingRule)[];
}

/** Where runbooks are, from the root of the repository; a fork puts the address of its own in front. */
export const runbook = (alert: string): string => `docs/runbooks/${alert}.md`;

const ratio = (window: string): string => `slo:bad:ratio_rate${window}`;

/** The share that was bad, one series for each SLO and window. */
const recording = ({ name, bad }: Slo): RecordingRule[] =>
  windows.map((window) => ({ record: ratio(window), expr: bad(window), labels: { slo: name } }));

/** A page and a ticket, each over two pairs of windows. */
function burning({ name, alert, objective, symptom, title }: Slo): AlertingRule[] {
  const budget = Number((1 - objective).toFixed(6));
  return (['page', 'ticket'] as const).map((severity) => ({
    alert,
    expr: burnRates
      .filter((rate) => rate.severity === severity)
      .map(({ burn, long, short }) =>
        [long, short].map((window) => `${ratio(window)}{slo="${name}"} > ${burn} * ${budget}`).join(' and '),
      )
      .map((both) => `(${both})`)
      .join(' or '),
    labels: { severity, slo: name },
    annotations: {
      summary: symptom,
      description: `${title}: {{ $value | humanizePercentage }} were bad, ${percent(budget)} may be.`,
      runbook: runbook(alert),
    },
  }));
}

const percent = (share: number): string => `${Number((share * 100).toFixed(4))} %`;

/** All rules, as Prometheus reads them. */
export const ruleGroups: readonly RuleGroup[] = [
  // One group, because its rules run in order: an alert sees what has just been recorded.
  { name: 'slo', rules: [...slos.flatMap(recording), ...slos.flatMap(burning)] },
  {
    name: 'causes',
    rules: causeAlerts.map(({ name, severity, expr, for: holds, summary }) => ({
      alert: name,
      expr,
      ...(holds !== '0s' && { for: holds }),
      labels: { severity },
      annotations: { summary, runbook: runbook(name) },
    })),
  },
];

/** Every alert once. */
export const alertNames: readonly string[] = [
  ...new Set(ruleGroups.flatMap(({ rules }) => rules.flatMap((rule) => ('alert' in rule ? [rule.alert] : [])))),
];
