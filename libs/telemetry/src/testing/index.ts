export { exportMetrics, parseSamples, type ExportedMetrics } from './exported-metrics.js';
