import { flushCompileCache } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { SettingsShape } from '@causeway/config';
import { startTelemetry, type Logger, type Telemetry } from '@causeway/telemetry';
import type { ServiceDefinition, ServiceSettings } from './definition.js';
import { drain } from './drain.js';
import { startManagementServer, type ManagementServer } from './health/management-server.js';
import { HostState } from './host-state.js';
import type { HostSettings } from './settings.js';
import { onStopRequest } from './stop-request.js';

/** After the grace: time to close the database, export telemetry and leave. Then the process is ended by force. */
const lastWordsMs = 5_000;

interface Parts {
  telemetry?: Telemetry;
  management?: ManagementServer;
  app?: { close(signal?: string): Promise<void> };
}

/**
 * Starts a service and stops it when asked to.
 *
 * Start: management port (live), telemetry, application (which waits for its database and broker), HTTP, consumers, ready.
 * Stop: not ready and `Connection: close`, still serving for SHUTDOWN_DELAY_MS and, after SIGTERM, while connections are open, for
 * SHUTDOWN_DRAIN_MS; then Nest's order: message pulling, HTTP, NATS, database; then telemetry and exit 0. `SHUTDOWN_GRACE_MS` + 5 s after
 * that time the process ends in any case, with exit 1.
 */
export async function serve<S extends SettingsShape>(
  definition: ServiceDefinition<S>,
  settings: ServiceSettings<S>,
  log: Logger,
): Promise<void> {
  const host = new HostState();
  const parts: Parts = {};
  onStopRequest(log, (reason) => void stop(reason, host, settings, parts, log));

  parts.management = await inUse(
    'MANAGEMENT_PORT',
    settings.MANAGEMENT_PORT,
    startManagementServer(definition, settings, host),
  );
  log.info({ managementPort: parts.management.port, liveMs: Math.round(performance.now()) }, 'live');
  // Side by side: both spend their time importing.
  const [telemetry, { createApp }] = await Promise.all([
    startTelemetry({
      service: definition.name,
      version: definition.version,
      instanceId: settings.INSTANCE_ID,
      settings,
    }),
    import('./create-app.js'),
  ]);
  parts.telemetry = telemetry;
  const app = await createApp(definition, settings, host);
  parts.app = app;
  if (host.isStopping) return;
  try {
    await inUse('HTTP_PORT', settings.HTTP_PORT, app.listen({ port: settings.HTTP_PORT, host: settings.HTTP_HOST }));
    await app.startAllMicroservices();
  } catch (error) {
    // Stopped in the middle of it: what failed was being closed.
    if (!host.isStopping) throw error;
  }
  if (host.isStopping) return;
  host.started = true;

  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = await app.getUrl();
  const ready = { url, port, managementPort: parts.management.port, readyMs: Math.round(performance.now()) };
  log.info(ready, 'ready');
  // For a parent that spawned us with an IPC channel: the launcher, tests.
  if (process.connected) process.send?.({ type: 'ready', ...ready });
  setTimeout(flushCompileCache, 1_000).unref();
}

/** Names the setting to change: Node's own message names an address only. */
async function inUse<T>(setting: string, port: number, listening: Promise<T>): Promise<T> {
  try {
    return await listening;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`${setting} ${port} is in use; end the process that has it, or set another port`, { cause: error });
  }
}

async function stop(reason: string, host: HostState, settings: HostSettings, parts: Parts, log: Logger): Promise<void> {
  const delayMs = host.started ? settings.SHUTDOWN_DELAY_MS : 0;
  // A Ctrl-C, or a parent that is gone, ends everything that belongs together: nobody is there who would go on with another instance.
  const drainMs = host.started && reason === 'SIGTERM' ? settings.SHUTDOWN_DRAIN_MS : 0;
  const withinMs = Math.max(delayMs, drainMs) + settings.SHUTDOWN_GRACE_MS;
  log.info({ reason, inFlight: host.inFlight, connections: host.connections }, 'stopping');
  host.beginStop(withinMs);
  setTimeout(() => {
    log.fatal('the stop took too long; what is left is cut off');
    process.exit(1);
  }, withinMs + lastWordsMs).unref();
  try {
    await drain(host, delayMs, drainMs);
    // Without an application it is still starting: nothing is in flight, and what was opened ends with the process.
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
