// `npm run verify -- production`: checks that every image an environment runs has a trusted signature, provenance and
// bill of materials; without an environment, every image of the release in reports/delivery.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { environmentsIn, verifyRelease } from './command-line.js';
import { current } from './environments.js';
import { root } from './places.js';
import { runCommand } from './refused.js';
import { readRelease } from './release.js';

const usage = `Checks signature, provenance and bill of materials of every image, by TRUSTED_KEY or TRUSTED_IDENTITY and TRUSTED_ISSUER.

  npm run verify                    of the release in reports/delivery
  npm run verify -- production      of what an environment runs`;

runCommand(usage, async () => {
  const args = process.argv.slice(2);
  if (args.length === 0) return verifyRelease(readRelease(), process.env);
  const [environment = ''] = environmentsIn(args, ['environment']);
  await verifyRelease(await current({ folder: root }, environment), process.env);
});
