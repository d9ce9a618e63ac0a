import { parser } from '@prometheus-io/lezer-promql';

export interface LabelMatch {
  readonly label: string;
  /** `=`, `!=`, `=~` or `!~` */
  readonly operator: string;
  readonly value: string;
}

/** A metric that a query reads. */
export interface MetricUse {
  readonly metric: string;
  readonly matches: readonly LabelMatch[];
  /** Labels that the query sums up by. */
  readonly groupedBy: readonly string[];
}

type Node = ReturnType<typeof parser.parse>['topNode'];

/** Prometheus' own grammar, the one of its user interface. @returns what is wrong; nothing if it parses. */
export function syntaxErrors(expr: string): string[] {
  const errors: string[] = [];
  parser.parse(expr).iterate({
    enter: ({ type, from }) => {
      if (type.isError) errors.push(`at ${from}: ${expr.slice(Math.max(0, from - 20), from + 20)}`);
    },
  });
  return errors;
}

/** The metrics that a query reads, each with every label that it must have for the query to find something. */
export function metricsIn(expr: string): MetricUse[] {
  const text = (node: Node | null): string => (node ? expr.slice(node.from, node.to) : '');
  const found: MetricUse[] = [];
  const visit = (node: Node, groupedBy: readonly string[]): void => {
    let below = groupedBy;
    if (node.name === 'AggregateExpr') {
      const labels = node.getChild('AggregateModifier')?.getChild('GroupingLabels')?.getChildren('LabelName') ?? [];
      below = [...groupedBy, ...labels.map(text)];
    }
    if (node.name === 'VectorSelector') {
      const matches = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
      found.push({
        metric: text(node.getChild('Identifier')),
        groupedBy: below,
        matches: matches.map((each) => ({
          label: text(each.getChild('LabelName')),
          operator: text(each.getChild('MatchOp')),
          value: text(each.getChild('StringLiteral')).slice(1, -1),
        })),
      });
    }
    for (let child = node.firstChild; child; child = child.nextSibling) visit(child, below);
  };
  visit(parser.parse(expr).topNode, []);
  return found;
}
