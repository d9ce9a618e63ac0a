export { observeFiles, type ObserveFile } from './files.js';
export { metricsIn, type LabelMatch, type MetricUse } from './promql.js';
export { allQueries, type PlacedQuery } from './queries.js';
export { alertNames, ruleGroups } from './rules.js';
export { runbook } from './runbooks.js';
export { slos } from './slo.js';
