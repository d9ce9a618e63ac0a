import { servicesFrom } from './dashboards/board.js';
import { boards } from './dashboards/index.js';
import { ruleGroups } from './rules.js';

/** One query, and where it stands. */
export interface PlacedQuery {
  readonly where: string;
  readonly expr: string;
  /** Of a panel: the name of its lines, with labels as `{{job}}`. */
  readonly legend?: string;
}

/** With a value for each variable, as Grafana sends it. */
const filled = (expr: string): string =>
  expr.replaceAll('$__rate_interval', '5m').replaceAll('$__range', '1h').replaceAll('$job', '.*');

/** Every query of the rules and of the dashboards. */
export const allQueries: readonly PlacedQuery[] = [
  ...ruleGroups.flatMap(({ rules }) =>
    rules.map((rule) => ({ where: 'alert' in rule ? `alert ${rule.alert}` : `rule ${rule.record}`, expr: rule.expr })),
  ),
  ...boards.flatMap(({ uid, stats = [], rows }) => [
    { where: `${uid}: the list of services`, expr: servicesFrom },
    ...stats.map(({ title, query: [expr] }) => ({ where: `${uid}: ${title}`, expr: filled(expr) })),
    ...rows.flatMap(({ graphs }) =>
      graphs.flatMap(({ title, queries }) =>
        queries.map(([expr, legend]) => ({ where: `${uid}: ${title}`, expr: filled(expr), legend })),
      ),
    ),
  ]),
];
