// `npm run test:template`: the life of a fork, in a copy of the repository. It takes minutes: a copy installs, builds
// and tests itself.
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
  `${root}/tools/generators/jest.config.mjs`,
  '--runInBand',
] as const;
process.exitCode = (await run(jest, { output: 'inherit', timeoutMs: 3_600_000 })).code;
