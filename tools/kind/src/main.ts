import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { runCommand } from './commands.js';
import { HelpWanted, parseOptions, usage } from './options.js';
import { Refused } from './run.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  await runCommand(parseOptions(process.argv.slice(2)), say);
} catch (error) {
  if (error instanceof HelpWanted) say(usage);
  else {
    process.stderr.write(`\n${error instanceof Refused ? error.message : (error as Error).stack}\n`);
    process.exitCode = error instanceof Refused ? error.exitCode : 1;
  }
}
