// `npm run test:contract-suite`: breaks a small service in every way that the contract suite must see.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { fileURLToPath } from 'node:url';
import { run } from '@causeway/launcher/run';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const jest = [
  process.execPath,
  '--experimental-vm-modules',
  '--no-warnings',
  `${root}/node_modules/jest/bin/jest.js`,
  '--config',
  `${root}/tools/contract-suite/jest.config.mjs`,
  '--runInBand',
] as const;
process.exitCode = (await run(jest, { output: 'inherit', timeoutMs: 1_800_000 })).code;
