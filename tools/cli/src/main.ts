import { constants } from 'node:os';
import { runProgram } from './program.js';
import { openTarget } from './target/open-target.js';

/** What a command may still do once it was told to stop, milliseconds. */
const stopMs = 2_000;

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    stopping.abort();
    setTimeout(() => process.exit(128 + constants.signals[signal]), stopMs).unref();
  });

// The reader has seen enough: `npx causeway logs | head`.
process.stdout.on('error', () => process.exit(0));

const code = await runProgram(process.argv.slice(2), {
  openTarget,
  print: (text) => void process.stdout.write(`${text}\n`),
  printError: (text) => void process.stderr.write(`${text}\n`),
  signal: stopping.signal,
});
// A connection to something that hangs must not keep this process. What was printed may still be on its way.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
