import { resolve } from 'node:path';
import { nearestFolder } from '@causeway/launcher/find-running';
import { runProgram } from './program.js';
import { laptopTarget } from './target/laptop.js';

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());

// The reader has seen enough: `npx causeway logs | head`.
process.stdout.on('error', () => process.exit(0));

process.exitCode = await runProgram(process.argv.slice(2), {
  openTarget: async ({ folder }) => laptopTarget(folder === undefined ? nearestFolder(process.cwd()) : resolve(folder)),
  print: (text) => void process.stdout.write(`${text}\n`),
  printError: (text) => void process.stderr.write(`${text}\n`),
  signal: stopping.signal,
});
