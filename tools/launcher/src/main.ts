import '../stop-with-parent.mjs';
import '../tolerate-output-errors.mjs';
import { runDemo } from '@causeway/demo-client';
import { AlreadyRunning } from './folder-lock.js';
import { ExampleUnusable } from './examples/example-files.js';
import { loadExamples } from './examples/load-examples.js';
import { tailLogs } from './logs.js';
import { announceMails } from './mails.js';
import { parseCommandLine, usage, UsageError } from './options.js';
import { describeSystem } from './report.js';
import { remedyOfWrite } from './side-writes.js';
import { startSystem, type System } from './system.js';
import { Terminal } from './terminal.js';
import { pathsIn } from './wiring.js';

const terminal = new Terminal();
const { print, printError } = terminal;

async function main(args: readonly string[]): Promise<number> {
  const options = parseCommandLine(args);
  if (options.help) {
    print(usage);
    return 0;
  }
  const examples = await loadExamples(options.examples);
  terminal.logFile = pathsIn(options.folder).log('launcher');
  const inform = options.quiet ? () => undefined : print;
  inform('Causeway is starting');
  const system = await startSystem({
    folder: options.folder,
    ports: options.freePorts ? 'any' : 'laptop',
    instances: options.instances,
    fresh: options.fresh,
    observe: options.observe,
    tls: options.tls,
    examples,
    supervise: true,
    signal: stopRequested,
    log: (line) => inform(`  ${line}`),
    warn: printError,
  });
  const stopTail = options.logs
    ? tailLogs(
        system.services.map(({ id, logFile }) => ({ name: id, file: logFile })),
        print,
      )
    : () => undefined;
  let stopMails: () => void = () => undefined;
  try {
    for (const line of describeSystem(system)) inform(line);
    const demoWorked = options.demo && !stopRequested.aborted ? await demo(system, inform) : true;
    if (options.demoOnly || stopRequested.aborted) return demoWorked ? 0 : 1;
    print(
      `Causeway is up at ${system.urls.gateway}. Stop it with Ctrl-C${options.quiet ? '' : '; the data stays (forget it with --fresh)'}.`,
    );
    stopMails = announceMails(pathsIn(options.folder).mails, inform);
    await untilStopped(stopRequested);
    return demoWorked ? 0 : 1;
  } finally {
    if (stopRequested.aborted) inform(''); // after the ^C of the terminal
    inform('stopping: gateway, services, NATS, PostgreSQL');
    stopMails();
    await system.stop();
    stopTail();
    inform('stopped');
  }
}

async function demo(system: System, inform: (line: string) => void): Promise<boolean> {
  inform('A demo customer');
  try {
    const { trace, endpoints } = system;
    const { text, atMs } = await runDemo(endpoints, { say: inform, trace });
    inform('');
    for (const { id, managementUrl } of system.services) await answers(id, managementUrl);
    inform(`  answering    ${system.services.map(({ id }) => id).join(', ')}`);
    print(`The demo worked: ${text}, ${(atMs / 1000).toFixed(1)} s after the start.`);
    return true;
  } catch (error) {
    printError(
      `\nThe demo failed: ${(error as Error).message}\nThe logs of the services are in ${system.folder}/logs.`,
    );
    return false;
  }
}

/** Also a service that no step of the demo has called. @throws Error when it is not ready */
async function answers(id: string, managementUrl: string): Promise<void> {
  const { status } = await fetch(`${managementUrl}/health/ready`, { signal: AbortSignal.timeout(5_000) });
  if (status !== 200) throw new Error(`${id} answered ${status} when it was asked whether it is ready`);
}

/**
 * Ctrl-C, SIGTERM and a closed terminal request an orderly stop. `npm start` forwards a Ctrl-C that the terminal has
 * sent to us, too: only a second one after a second or more means "at once", and then the watchdog cleans up.
 */
function onStopRequest(): AbortSignal {
  const controller = new AbortController();
  let at = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (at === 0) {
        at = performance.now();
        controller.abort();
      } else if (performance.now() - at > 1_000) {
        printError('asked twice: leaving at once, the watchdog stops the rest');
        process.exit(130);
      }
    });
  }
  return controller.signal;
}

/** Waits for the request to stop, and keeps the process alive until then. */
function untilStopped(signal: AbortSignal): Promise<void> {
  const keepAlive = setInterval(() => undefined, 60_000);
  return new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve());
  }).finally(() => clearInterval(keepAlive));
}

const stopRequested = onStopRequest();
const exitCode = await main(process.argv.slice(2)).catch(explain);
await terminal.flush();
process.exit(exitCode);

/** @returns the exit code */
function explain(error: unknown): number {
  if (error instanceof UsageError) printError(`${error.message}\nnpm start -- --help shows the options.`);
  else if (stopRequested.aborted) printError('stopped before the start was complete');
  else if (error instanceof AlreadyRunning || error instanceof ExampleUnusable) printError(error.message);
  else printError(`\nThe start failed: ${(error as Error).message}${remedyOf(error)}`);
  if (error instanceof UsageError) return 2;
  return stopRequested.aborted ? 130 : 1;
}

function remedyOf(error: unknown): string {
  const { code, remedy = remedyOfWrite(error) } = error as { code?: string; remedy?: string };
  if (!remedy) return '';
  return `\n${remedy}${code === 'MIGRATION_CHANGED' ? ' Or forget the data of earlier starts: npm start -- --fresh' : ''}`;
}
