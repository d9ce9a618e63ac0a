import { enableCompileCache, setSourceMapsSupport } from 'node:module';
import { loadSettings, SettingsInvalid, type SettingsShape } from '@causeway/config';
import { CodedError } from '@causeway/errors';
import { createLogger, telemetrySettings, type Logger } from '@causeway/telemetry';
import type { ServiceDefinition, ServiceSettings } from './definition.js';
import { serve } from './serve.js';
import { hostSettings } from './settings.js';

/**
 * Runs a service: the whole of its `main.ts`.
 *
 * The first argument of the process says what to do: `serve` (default), or one of the definition's `commands`. Settings are checked first: if any
 * is wrong, all of them are listed on standard error, without values, and the process exits 1. So it does when the start or a command fails.
 *
 * This module loads neither Nest nor anything else that takes time. Import it from `@causeway/service-host/run` and the application behind
 * `import()`, and the health port answers long before the framework is loaded.
 */
export async function runService<S extends SettingsShape>(
  definition: ServiceDefinition<S>,
  args: readonly string[] = process.argv.slice(2),
): Promise<void> {
  // Compiled code of whatever is imported from here on is kept in the system's temporary folder for the next start.
  enableCompileCache();
  // Stacks of our own code name TypeScript lines. Those of packages stay as they are: their maps would take 7 MB (--enable-source-maps).
  setSourceMapsSupport(true, { nodeModules: false });
  const command = args[0] ?? 'serve';
  const commands = Object.keys(definition.commands ?? {});
  if (command !== 'serve' && !commands.includes(command)) {
    complain(`${definition.name} cannot ${command}; it knows: ${['serve', ...commands].join(', ')}`);
    process.exit(2);
  }
  const settings = settingsOf(definition);
  const log = createLogger({ service: definition.name, level: settings.LOG_LEVEL, instanceId: settings.INSTANCE_ID });
  dieOnSurprises(log);
  try {
    if (command === 'serve') return await serve(definition, settings, log);
    // Process 1 of a container ignores a signal that nobody handles. What a command has not finished, it does at its next run.
    for (const [signal, number] of [
      ['SIGTERM', 15],
      ['SIGINT', 2],
    ] as const) {
      process.once(signal, () => process.exit(128 + number));
    }
    await definition.commands?.[command]?.(settings);
    process.exit(0);
  } catch (error) {
    log.fatal(fieldsOf(error), `${command} failed`);
    process.exit(1);
  }
}

function settingsOf<S extends SettingsShape>(definition: ServiceDefinition<S>): ServiceSettings<S> {
  try {
    const shape = { ...telemetrySettings, ...hostSettings, ...definition.settings };
    return loadSettings(shape) as unknown as ServiceSettings<S>;
  } catch (error) {
    if (!(error instanceof SettingsInvalid)) throw error;
    complain(`${definition.name} cannot start. ${error.message}\n${error.remedy}`);
    process.exit(1);
  }
}

/** Before there is a logger: text for whoever started the process. */
const complain = (text: string): void => void process.stderr.write(`${text}\n`);

/** A CodedError explains itself; of anything else the stack is needed, which the logger writes. */
const fieldsOf = (error: unknown): object =>
  error instanceof CodedError
    ? { code: error.code, detail: error.message, remedy: error.remedy, cause: error.cause }
    : { err: error };

/** State is unknown after an error that nobody caught: say so and let the supervisor start a fresh process. */
function dieOnSurprises(log: Logger): void {
  process.on('uncaughtException', (err, origin) => {
    log.fatal({ err }, origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught exception');
    process.exit(1);
  });
}
