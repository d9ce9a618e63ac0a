export { about, idsOf, noteIds, tracedIds } from './about.js';
export { CallStatistics } from './call-statistics.js';
export { createLogger, getLogger, logLevel, setLogLevel, type Logger, type LoggerOptions } from './logger.js';
export type { LogFields } from './log-schema.js';
export { durationBucketsSeconds, instruments, meter, type Counter, type Histogram, type LazyMeter } from './metrics.js';
export { NestLogger } from './nest/nest-logger.js';
export { redact, scrub } from './redact.js';
export { scrapeContentType, scrapeMetrics } from './scrape.js';
export { securityEventTypes, type SecurityEvent, type SecurityEventType } from './security-event-types.js';
export { admitSecurityEvent, logSecurityEvent, networkOf } from './security-events.js';
export { sharedReading } from './shared-reading.js';
export { telemetrySettings, type TelemetrySettings } from './settings.js';
export { startTelemetry, type Telemetry, type TelemetryOptions } from './start.js';
export {
  currentTraceId,
  currentTraceparent,
  errorType,
  extractTrace,
  failSpan,
  injectTrace,
  inSpan,
  type SpanOptions,
} from './tracing.js';
