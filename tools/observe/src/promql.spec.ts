import { metricsIn, syntaxErrors } from './promql.js';
import { allQueries } from './queries.js';

test('every query of every rule and panel parses', () => {
  expect(allQueries.length).toBeGreaterThan(100);
  const wrong = allQueries.flatMap(({ where, expr }) => syntaxErrors(expr).map((error) => `${where} ${error}`));
  expect(wrong).toEqual([]);
});

test.each(['sum(rate(a_total[5m])', 'a_total{b=}', 'sum by (a b) (c)', 'rate(a_total[5 minutes])'])(
  'reported: %s',
  (expr) => {
    expect(syntaxErrors(expr)).not.toEqual([]);
  },
);

test('a query is taken apart into metrics, their matches and the labels they are summed up by', () => {
  const expr = 'sum by (job, a) (rate(one_total{b="1",c=~"x|y"}[5m])) / on (job) max(two) without (d)';
  expect(metricsIn(expr)).toEqual([
    {
      metric: 'one_total',
      groupedBy: ['job', 'a'],
      matches: [
        { label: 'b', operator: '=', value: '1' },
        { label: 'c', operator: '=~', value: 'x|y' },
      ],
    },
    { metric: 'two', groupedBy: ['d'], matches: [] },
  ]);
});

test('a label in the legend of a panel is one that its query keeps', () => {
  const lost = allQueries.flatMap(({ where, expr, legend = '' }) => {
    const uses = metricsIn(expr);
    const kept = new Set(uses.flatMap(({ groupedBy }) => groupedBy));
    const keepsAll = uses.some(({ groupedBy }) => groupedBy.length === 0);
    return [...legend.matchAll(/\{\{(\w+)\}\}/g)]
      .filter(([, label]) => !keepsAll && !kept.has(label!))
      .map(([, label]) => `${where}: ${label}`);
  });
  expect(lost).toEqual([]);
});
