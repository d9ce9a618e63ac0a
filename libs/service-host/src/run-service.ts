import { enableCompileCache, setSourceMapsSupport } from 'node:module';
import type { AddressInfo } from 'node:net';
import { loadSettings, SettingsInvalid, type SettingsShape } from '@causeway/config';
import { CodedError } from '@causeway/errors';
import { createLogger, startTelemetry, type LogFields, type Logger } from '@causeway/telemetry';
import type { ServiceContext, ServiceDefinition } from './definition.js';
import { startManagementServer } from './health/management-server.js';
import { HostState } from './host-state.js';
import { shutDown, type Parts } from './shut-down.js';
import { onStopRequest } from './stop-request.js';

/**
 * Runs a service: the whole of its `main.ts`.
 *
 * The first argument of the process says what to do: `serve` (default), or one of the commands of its capabilities.
 * Settings are checked first. If any is wrong, all of them are listed on standard error, without values, and the
 * process exits 1; it also exits 1 when the start or a command fails, and 2 for an unknown command.
 *
 * Import this from `@causeway/service-host/run`: it loads neither Nest nor anything else that takes time, so the health
 * port answers long before the framework is loaded.
 */
export async function runService<S extends SettingsShape>(
  definition: ServiceDefinition<S>,
  args: readonly string[] = process.argv.slice(2),
): Promise<void> {
  // Keeps the compiled code of everything imported from here on in the system's temporary folder, for the next start.
  // Node writes it at the end. Not earlier: the event loop stands still while it does, and five services that did so at
  // once, on a fresh machine, did not answer for 4–7 s.
  enableCompileCache();
  // Stack traces of our own code name TypeScript lines. Those of packages do not: their maps would take 7 MB.
  setSourceMapsSupport(true, { nodeModules: false });
  const command = args[0] ?? 'serve';
  const run = command === 'serve' ? undefined : commandNamed(command, definition);
  const service = { name: definition.name, settings: settingsOf(definition) } as unknown as ServiceContext;
  const { LOG_LEVEL, INSTANCE_ID } = service.settings;
  const log = createLogger({ service: service.name, level: LOG_LEVEL, instanceId: INSTANCE_ID });
  exitOnUncaughtError(log);
  try {
    if (!run) return await serve(definition, service, log);
    exitOnSignal();
    await run(service);
    process.exit(0);
  } catch (error) {
    log.fatal(fieldsOf(error), `${command} failed`);
    process.exit(1);
  }
}

/**
 * Starts a service: management port (live), telemetry, application (which waits for its database and broker), HTTP,
 * consumers, ready. How it stops is in `shut-down.ts`.
 */
async function serve(definition: ServiceDefinition, { name, settings }: ServiceContext, log: Logger): Promise<void> {
  const host = new HostState();
  const parts: Parts = {};
  onStopRequest(log, (reason) => void shutDown(reason, host, settings, parts, log));

  const identity = {
    service: name,
    version: settings.SERVICE_VERSION,
    commit: settings.SERVICE_COMMIT,
    instanceId: settings.INSTANCE_ID,
  };
  const management = await naming(
    'MANAGEMENT_PORT',
    settings.MANAGEMENT_PORT,
    startManagementServer(identity, settings, host),
  );
  parts.management = management;
  log.info({ managementPort: management.port, liveMs: Math.round(performance.now()) }, 'live');
  // Concurrently, because both spend their time importing.
  const [telemetry, { createApp }] = await Promise.all([
    startTelemetry({ ...identity, settings }),
    import('./create-app.js'),
  ]);
  parts.telemetry = telemetry;
  const app = await createApp(definition, settings, host);
  parts.app = app;
  if (host.isStopping) return;
  try {
    const { HTTP_PORT, HTTP_HOST } = settings;
    await naming('HTTP_PORT', HTTP_PORT, app.listen({ port: HTTP_PORT, host: HTTP_HOST }));
    await app.startAllMicroservices();
  } catch (error) {
    // If the service was told to stop meanwhile, what failed was being closed.
    if (!host.isStopping) throw error;
  }
  if (host.isStopping) return;
  host.started = true;

  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = await app.getUrl();
  const ready = { url, port, managementPort: management.port, readyMs: Math.round(performance.now()) };
  log.info({ ...ready, version: identity.version, commit: identity.commit }, 'ready');
  // For a parent that spawned us with an IPC channel: the launcher, tests.
  if (process.connected) process.send?.({ type: 'ready', ...ready });
}

/** Names the setting to change if a port is in use; Node's own message has only the address. */
async function naming<T>(setting: string, port: number, listening: Promise<T>): Promise<T> {
  try {
    return await listening;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`${setting} ${port} is in use; end the process that has it, or set another port`, { cause: error });
  }
}

function commandNamed(command: string, { name, commands }: ServiceDefinition) {
  const found = commands[command];
  if (found) return found;
  printError(`unknown command "${command}"; ${name} has: ${['serve', ...Object.keys(commands)].join(', ')}`);
  process.exit(2);
}

function settingsOf({ name, settings }: ServiceDefinition): object {
  try {
    return loadSettings(settings);
  } catch (error) {
    if (!(error instanceof SettingsInvalid)) throw error;
    printError(`${name} cannot start. ${error.message}\n${error.remedy}`);
    process.exit(1);
  }
}

/** Before there is a logger: text for the person or program that started the process. */
const printError = (text: string): void => void process.stderr.write(`${text}\n`);

/** A CodedError explains itself; of anything else the logger writes the stack. */
const fieldsOf = (error: unknown): LogFields =>
  error instanceof CodedError
    ? {
        code: error.code,
        detail: error.message,
        remedy: error.remedy,
        ...(error.cause !== undefined && { err: error.cause }),
      }
    : { err: error };

/** After an uncaught error the state of the process is unknown. It logs the error and exits, so that its supervisor starts another. */
function exitOnUncaughtError(log: Logger): void {
  process.on('uncaughtException', (err, origin) => {
    log.fatal({ err }, origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught exception');
    process.exit(1);
  });
}

/** Process 1 of a container ignores signals that it does not handle. A command that was interrupted finishes at its next run. */
function exitOnSignal(): void {
  process.once('SIGTERM', () => process.exit(128 + 15));
  process.once('SIGINT', () => process.exit(128 + 2));
}
