import tab from '@bomb.sh/tab/commander';
import { Command, CommanderError, Option } from 'commander';
import { currentUser } from './audit.js';
import { example, type CommandReport, type RunCommand, type RunLocally } from './command.js';
import { addAudit } from './commands/audit.js';
import { addCheck } from './commands/check.js';
import { addConsumers } from './commands/consumers.js';
import { addContracts } from './commands/contracts.js';
import { addCrypto } from './commands/crypto.js';
import { addDlq } from './commands/dlq.js';
import { addDoctor } from './commands/doctor.js';
import { addKeys } from './commands/keys.js';
import { addLogLevel } from './commands/log-level.js';
import { addLogs } from './commands/logs.js';
import { addNewPieces } from './commands/new-pieces.js';
import { addNewService, addRemoveService } from './commands/new-service.js';
// demo
import { addOrder } from './commands/order.js';
import { addOrders } from './commands/orders.js';
// end demo
import { addOutbox } from './commands/outbox.js';
import { addRename } from './commands/rename.js';
import { addRoles } from './commands/roles.js';
import { addServices } from './commands/services.js';
import { addStripDemo } from './commands/strip-demo.js';
import { addTrace } from './commands/trace.js';
import { addUpdate } from './commands/update.js';
import { CommandFailed, WrongUsage } from './failure.js';
import { versionOfThis } from './version.js';
import type { TargetOptions } from './target/open-target.js';
import type { SystemTarget } from './target/target.js';

/** What the program needs from outside. */
export interface ProgramParts {
  readonly openTarget: (options: TargetOptions) => Promise<SystemTarget>;
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  /** Aborts with Ctrl-C. */
  readonly signal: AbortSignal;
  /** JSON is asked for. Default false. */
  readonly json?: boolean;
}

const exitCodes = `
Exit codes: 0 done, and nothing is wrong; 1 it failed, was not found, or a check found something; 2 wrong usage.
Nothing is replayed or discarded without --yes, and every change is in \`npx causeway audit\`.`;

/** @returns the exit code */
export async function runProgram(args: readonly string[], parts: ProgramParts): Promise<number> {
  const { printError } = parts;
  const json = args.includes('--json');
  const outcome = { ok: true };
  const program = createProgram(
    json ? { ...parts, json, printError: () => undefined } : parts,
    (ok) => (outcome.ok = ok),
  );
  try {
    await program.parseAsync(args, { from: 'user' });
    return outcome.ok ? 0 : 1;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      if (json) printError(JSON.stringify({ error: error.message.replace(/^error: /, ''), remedy: 'Add --help.' }));
      return 2;
    }
    const wrongUsage = error instanceof WrongUsage;
    const { message, remedy } =
      error instanceof CommandFailed ? error : { message: messageOf(error), remedy: undefined };
    if (json) printError(JSON.stringify({ error: message, remedy }));
    else printError(['error: ' + message, remedy].filter(Boolean).join('\n'));
    return wrongUsage ? 2 : 1;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const demandName = (): never => {
  throw new WrongUsage('the audit trail must say who did this; add --as <your name>');
};

/** @param finished told whether a command ended well */
export function createProgram(parts: ProgramParts, finished: (ok: boolean) => void = () => undefined): Command {
  const { print, printError } = parts;
  const program = new Command('causeway')
    .description('looks at a running system, and cures it')
    .option('--folder <path>', 'the data folder of a laptop; default: the nearest .causeway')
    .option('--compose [file]', 'the containers of a Compose file; default: docker/compose.yaml')
    .option('--context <name>', 'a Kubernetes cluster, by its context of kubectl')
    .option('--namespace <name>', 'of the cluster; default: causeway')
    .addOption(
      new Option('--inside', 'the network around this container; the image causeway/cli has this set').env(
        'CAUSEWAY_INSIDE',
      ),
    )
    .option('--json', 'print JSON')
    .option('--as <name>', 'who you are, for the audit trail; default: user@host, and none with --inside')
    .option('-V, --version', 'print the version, the commit it was built from, and that of Node')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => print(text.trimEnd()),
      writeErr: (text) => printError(text.trimEnd()),
    })
    .showHelpAfterError('(add --help for the options and an example)')
    .addHelpText('after', exitCodes)
    .exitOverride()
    .on('option:version', () => {
      const { lines, data } = versionOfThis();
      print(parts.json ? JSON.stringify(data) : lines);
      throw new CommanderError(0, 'causeway.version', lines);
    });
  const { run, runLocally } = runners(parts, finished);
  for (const add of [
    addDlq,
    addOutbox,
    addConsumers,
    addServices,
    // demo
    addOrders,
    addOrder,
    // end demo
    addLogs,
    addTrace,
    addLogLevel,
    addKeys,
    addRoles,
    addCrypto,
    addDoctor,
    addAudit,
  ])
    add(program, run);
  addContracts(program, runLocally);
  addRename(program, runLocally);
  addNewService(program, runLocally);
  addRemoveService(program, runLocally);
  // demo
  addStripDemo(program, runLocally);
  // end demo
  addUpdate(program, runLocally);
  addNewPieces(program, runLocally);
  addCheck(program, runLocally);
  addCompletion(program);
  return program;
}

/** `causeway completion`: a script for the shell, which asks the hidden command `complete` what may come next. */
function addCompletion(program: Command): void {
  tab(program, { completionCommandName: 'completion' });
  program.commands
    .find((command) => command.name() === 'completion')
    ?.description('a script that completes commands and options in bash, zsh or fish')
    .addHelpText('after', example('completion bash > ~/.local/share/bash-completion/completions/causeway'));
}

function runners(
  { openTarget, print, printError, signal }: ProgramParts,
  finished: (ok: boolean) => void,
): { readonly run: RunCommand; readonly runLocally: RunLocally } {
  const show = (report: CommandReport | undefined, json: boolean): void => {
    if (!report) return;
    if (json) print(JSON.stringify(report.data, null, 2));
    else report.lines.forEach(print);
    finished(report.ok ?? true);
  };
  const optionsOf = (command: Command) => command.optsWithGlobals<TargetOptions & { json?: boolean; as?: string }>();
  return {
    async runLocally(command, work) {
      const { json = false } = optionsOf(command);
      show(await work({ signal, progress: json ? () => undefined : print }), json);
    },
    async run(command, work, without) {
      const { json = false, as, ...options } = optionsOf(command);
      const target = await openTarget(options).catch((error: unknown) => {
        if (without && error instanceof CommandFailed) return error;
        throw error;
      });
      if (target instanceof CommandFailed) return show(await without?.(target, printError), json);
      try {
        show(
          await work({
            target,
            who: () => as ?? (options.inside ? demandName() : currentUser()),
            json,
            signal,
            print,
            note: printError,
          }),
          json,
        );
      } finally {
        await target.close();
      }
    },
  };
}
