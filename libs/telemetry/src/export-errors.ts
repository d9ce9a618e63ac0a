import { getLogger } from './logger.js';

const quietMs = 60_000;

const collectorAway = 'telemetry could not be exported; is the collector up at OTEL_EXPORTER_OTLP_ENDPOINT?';

/**
 * Creates an error handler for the SDK. A collector that is away is worth a line a minute, not a line per batch.
 * @param now Milliseconds. Default Date.now.
 * @param text What the line says. Default: that the collector may be away.
 */
export function reportExportErrors(now: () => number = Date.now, text = collectorAway): (error: unknown) => void {
  const log = getLogger('telemetry');
  let quietUntil = -Infinity;
  let suppressed = 0;
  return (error) => {
    if (now() < quietUntil) {
      suppressed += 1;
      return;
    }
    const reason = error instanceof Error ? error.message : String(error);
    log.warn({ reason, suppressed }, text);
    quietUntil = now() + quietMs;
    suppressed = 0;
  };
}
