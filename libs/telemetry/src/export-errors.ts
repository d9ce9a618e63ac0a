import { getLogger } from './logger.js';

const quietMs = 60_000;

/**
 * Creates an error handler for the SDK. A collector that is away is worth a line a minute, not a line per batch.
 * @param now Milliseconds. Default Date.now.
 */
export function reportExportErrors(now: () => number = Date.now): (error: unknown) => void {
  const log = getLogger('telemetry');
  let quietUntil = -Infinity;
  let suppressed = 0;
  return (error) => {
    if (now() < quietUntil) {
      suppressed += 1;
      return;
    }
    const reason = error instanceof Error ? error.message : String(error);
    log.warn(
      { reason, suppressed },
      'telemetry could not be exported; is the collector up at OTEL_EXPORTER_OTLP_ENDPOINT?',
    );
    quietUntil = now() + quietMs;
    suppressed = 0;
  };
}
