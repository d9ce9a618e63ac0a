// `npm run promote -- staging production`: lets the second environment run what the first one runs: the same digests,
// from the same commit, checked again. Nothing is built. --version=<version> refuses if the first one runs another
// meanwhile: what was tried is what is promoted.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { parseArgs } from 'node:util';
import { environmentsIn, verifyRelease } from './command-line.js';
import { current, deploy } from './environments.js';
import { root } from './places.js';
import { DeliveryRefused, runCommand } from './refused.js';

const usage = `Lets the second environment run what the first one runs, checked again.

  npm run promote -- staging production
    --version=<version>   refuses if the first one runs another meanwhile`;

runCommand(usage, async () => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { version: { type: 'string' } } });
  const [from = '', to = ''] = environmentsIn(positionals, ['from', 'to']);
  const release = await current({ folder: root }, from);
  if (values.version && release.version !== values.version)
    throw new DeliveryRefused(
      `${from} runs ${release.version}, not ${values.version} any more: promote that from its own pipeline, after its smoke test.`,
    );
  await verifyRelease(release, process.env);
  const commit = await deploy({ folder: root }, to, release);
  console.log(`✓ ${to} is to run ${release.version}, as ${from} does: commit ${commit} of environments/${to}`);
  console.log(`\nBack: npm run rollback -- ${to}`);
});
