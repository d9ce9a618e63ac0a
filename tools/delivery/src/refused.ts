import { NoEngine } from '@causeway/images';
import { ProgramFailed } from '@causeway/launcher/run';

/** What a person can put right: the message says what happened and what to do. */
export class DeliveryRefused extends Error {}

/**
 * Runs a command of the command line. `--help` prints how it is used, and so does an argument that it does not know; what
 * a person can put right is shown without a stack; any failure exits with 1.
 */
export function runCommand(usage: string, main: () => Promise<void>, args = process.argv.slice(2)): void {
  if (args.includes('--help') || args.includes('-h')) return console.log(usage);
  main().catch((error: unknown) => {
    process.exitCode = 1;
    console.error(explained(error, usage));
  });
}

/** The text for a person; what nobody expected stays an error, which is shown with its stack. */
function explained(error: unknown, usage: string): unknown {
  const { code, syscall, message } = error as { code?: unknown; syscall?: unknown; message: string };
  if (error instanceof DeliveryRefused || error instanceof NoEngine) return message;
  if (error instanceof ProgramFailed) return `${message}\n\n${remedyOf(error)}`;
  if (typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS_'))
    return `${message.split(/[.'] (?=To specify)/)[0]}\n\n${usage}`;
  // EACCES: a folder of the PATH may be another account's.
  const missing = (code === 'ENOENT' || code === 'EACCES') && /^spawn (.+)$/.exec(String(syscall))?.[1];
  if (missing) return `There is no ${missing} on the PATH: install it, or run this where the pipeline runs it.`;
  return error;
}

/** What to do about a program that failed. Its own words are above. */
function remedyOf({ command: [program] }: ProgramFailed): string {
  if (program === 'git')
    return 'Nothing was deployed. Is the remote reachable, and may you read it? `git fetch origin` has to work here; then run this again.';
  if (/(^|\/)docker$/.test(program))
    return 'Does the engine run, and does docker login know the registry? Then run this again: what is pushed already is not pushed twice.';
  return 'Put right what it says, and run this again.';
}
