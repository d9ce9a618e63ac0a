// `npm run deploy -- staging`: lets an environment run the release of reports/delivery, after checking its signatures.
// Writes a commit to the branch environments/<name>, which the controller in the cluster applies; needs no access to a
// cluster.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { environmentsIn, verifyRelease } from './command-line.js';
import { deploy } from './environments.js';
import { root } from './places.js';
import { runCommand } from './refused.js';
import { readRelease } from './release.js';

const usage = `Checks the release of reports/delivery, then commits its digests to the branch environments/<name>.

  npm run deploy -- staging`;

runCommand(usage, async () => {
  const [environment = ''] = environmentsIn(process.argv.slice(2), ['environment']);
  const release = readRelease();
  await verifyRelease(release, process.env);
  const commit = await deploy({ folder: root }, environment, release);
  console.log(`✓ ${environment} is to run ${release.version}: commit ${commit} of environments/${environment}`);
  console.log(`\nNext: npm run smoke -- <its address>, once the controller has applied it.`);
});
