import { causeAlerts } from './alerts.js';
import { eventsIn } from './counting.js';
import { runbookAnnotation } from './runbooks.js';
import { burnRates, fewestBad, slos, windows, type Slo, type Window } from './slo.js';

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

const ratio = (window: string): string => `slo:bad:ratio_rate${window}`;

/** The window that is counted from the processes' own counters. Longer ones add up what was recorded of it. */
const counted: Window = '5m';
const seriesOf = (slo: string, what: 'bad' | 'all'): string => `slo:${what}:increase${counted}{slo="${slo}"}`;

/** The share that was bad: every evaluation has recorded the last five minutes, so each event is added equally often. */
const shareOf = (slo: string, window: Window): string => {
  const [bad, all] = (['bad', 'all'] as const)
    .map((what) => seriesOf(slo, what))
    .map((series) => (window === counted ? series : `sum_over_time(${series}[${window}])`));
  return `${bad} / (${all} > 0)`;
};

/** How many bad events there were, however often the rules are evaluated. */
const badIn = (slo: string, window: Window): string => {
  const series = seriesOf(slo, 'bad');
  return `sum_over_time(${series}[${window}]) / count_over_time(${series}[${counted}])`;
};

/** The events of five minutes, and the share that was bad, one series for each SLO and window: none without traffic. */
function recording({ name, all, some }: Slo): RecordingRule[] {
  const labels = { slo: name };
  const everything = eventsIn(all, counted);
  const bad =
    'bad' in some ? eventsIn(some.bad, counted) : `clamp_min(${everything} - ${eventsIn(some.good, counted)}, 0)`;
  return [
    { record: `slo:all:increase${counted}`, expr: everything, labels },
    { record: `slo:bad:increase${counted}`, expr: bad, labels },
    ...windows.map((window) => ({ record: ratio(window), expr: shareOf(name, window), labels })),
  ];
}

/** A page and a ticket, each over two pairs of windows. */
function burning({ name, alert, objective, symptom, title }: Slo): AlertingRule[] {
  const budget = Number((1 - objective).toFixed(6));
  return (['page', 'ticket'] as const).map((severity) => ({
    alert,
    expr: burnRates
      .filter((rate) => rate.severity === severity)
      .map(({ burn, long, short }) =>
        [
          ...[long, short].map((window) => `${ratio(window)}{slo="${name}"} > ${burn} * ${budget}`),
          `${badIn(name, long)} >= ${fewestBad[severity]}`,
        ].join(' and '),
      )
      .map((all) => `(${all})`)
      .join(' or '),
    labels: { severity, slo: name },
    annotations: {
      summary: symptom,
      description: `${title}: {{ $value | humanizePercentage }} were bad, ${percent(budget)} may be.`,
      ...runbookAnnotation(alert),
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
      annotations: { summary, ...runbookAnnotation(name) },
    })),
  },
];

/** Every alert once. */
export const alertNames: readonly string[] = [
  ...new Set(ruleGroups.flatMap(({ rules }) => rules.flatMap((rule) => ('alert' in rule ? [rule.alert] : [])))),
];
