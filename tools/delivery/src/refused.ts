import { NoEngine } from '@causeway/images';

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
    const { code } = error as { code?: unknown };
    if (error instanceof DeliveryRefused || error instanceof NoEngine) console.error(error.message);
    else if (typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS_'))
      console.error(`${(error as Error).message.split(/[.'] (?=To specify)/)[0]}\n\n${usage}`);
    else console.error(error);
  });
}
