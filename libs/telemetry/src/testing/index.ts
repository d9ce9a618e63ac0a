export { exportMetrics, type ExportedMetrics } from './exported-metrics.js';
