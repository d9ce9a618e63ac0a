// `npm run rollback -- production --version=git-…`: puts back what an environment ran before, manifests and images, after
// checking the signatures. Without a version: the one before the current one.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { parseArgs } from 'node:util';
import { environmentsIn, verifyRelease } from './command-line.js';
import { rollBack } from './environments.js';
import { root } from './places.js';
import { runCommand } from './refused.js';

const usage = `Puts back what an environment ran before: manifests and images, checked again.

  npm run rollback -- production
    --version=<version>   that one (default: the one before the current one)`;

runCommand(usage, async () => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { version: { type: 'string' } } });
  const [environment = ''] = environmentsIn(positionals, ['environment']);
  const deployment = await rollBack({ folder: root }, environment, values.version || undefined, (release) =>
    verifyRelease(release, process.env),
  );
  console.log(`✓ ${environment} is to run ${deployment.version} again: commit ${deployment.commit}`);
  console.log(
    '\nNext: npm run smoke -- <its address>. The schema of the databases stays (docs/guides/deliver.md, "Rollback").',
  );
});
