import type { Logger, Telemetry } from '@causeway/telemetry';
import { drain } from './drain.js';
import type { ManagementServer } from './health/management-server.js';
import type { HostState } from './host-state.js';
import type { HostSettings } from './settings.js';

/** After the grace: time to close the database, export telemetry and leave. Then the process exits by force. */
const exitTimeoutMs = 5_000;

/** What has been started so far. */
export interface Parts {
  telemetry?: Telemetry;
  management?: ManagementServer;
  app?: { close(signal?: string): Promise<void> };
}

/**
 * Stops a service: not ready and `Connection: close`, still serving for SHUTDOWN_DELAY_MS and, after SIGTERM, while
 * connections are open, for SHUTDOWN_DRAIN_MS. Then, in Nest's order, message pulling, HTTP, NATS, database; then
 * telemetry, and exit 0. `SHUTDOWN_GRACE_MS` + 5 s after that time the process exits in any case, with 1.
 */
export async function shutDown(
  reason: string,
  host: HostState,
  settings: HostSettings,
  parts: Parts,
  log: Logger,
): Promise<void> {
  const delayMs = host.started ? settings.SHUTDOWN_DELAY_MS : 0;
  // Ctrl-C, or the end of a parent, ends the whole system: no other instance goes on for the clients to move to.
  const drainMs = host.started && reason === 'SIGTERM' ? settings.SHUTDOWN_DRAIN_MS : 0;
  const withinMs = Math.max(delayMs, drainMs) + settings.SHUTDOWN_GRACE_MS;
  log.info({ reason, inFlight: host.inFlight, connections: host.connections }, 'stopping');
  host.beginStop(withinMs);
  setTimeout(() => {
    log.fatal('the stop took too long; exiting with work in flight');
    process.exit(1);
  }, withinMs + exitTimeoutMs).unref();
  try {
    await drain(host, delayMs, drainMs);
    // Without an application the service is still starting: nothing is in flight, and what was opened ends with the process.
    await parts.app?.close(reason);
    await parts.management?.close();
    await parts.telemetry?.shutdown();
    log.info('stopped');
    process.exit(0);
  } catch (err) {
    log.fatal({ err }, 'the stop failed');
    process.exit(1);
  }
}
