import { run as runCommand, type Command, type CommandOptions, type CommandResult } from '@causeway/launcher/run';

/** A failure that the user can fix: the message says how, and no stack trace follows. */
export class Refused extends Error {
  /** The exit code of the whole command. */
  readonly exitCode: number = 1;
}

/** An experiment that ended without a result: neither passed nor failed. */
export class Inconclusive extends Refused {
  override readonly exitCode = 2;
}

/** Runs a command to its end, whatever its exit code. @throws Refused when the program is missing */
export async function run(command: Command, options: CommandOptions = {}): Promise<CommandResult> {
  try {
    return await runCommand(command, { timeoutMs: 60_000, ...options });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Refused(`${command[0]} is not on the PATH.`);
    throw error;
  }
}

/** Runs a command that must succeed. @throws Refused with what the command said */
export async function must(command: Command, options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(command, options);
  if (code === 0) return stdout;
  const said = stderr.trim() || stdout.trim();
  throw new Refused(`${command.join(' ')} failed (${code})${said ? `:\n${said}` : '; its output is above'}`);
}
