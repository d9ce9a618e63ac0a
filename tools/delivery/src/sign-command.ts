// `npm run sign`: signs each image of the release (reports/delivery) and attaches the signature in the registry. Signs
// with SIGNING_KEY, or with the pipeline's own identity.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { parseArgs } from 'node:util';
import { predicateTypes, signingIdentity } from './attestation.js';
import { runCommand } from './refused.js';
import { attestImage } from './registry.js';
import { readRelease, referenceOf } from './release.js';

const usage = `Signs each image of the release in reports/delivery, with SIGNING_KEY or the identity of the pipeline.

  npm run sign`;

runCommand(usage, async () => {
  parseArgs({ options: {} });
  const identity = signingIdentity(process.env);
  for (const image of Object.values(readRelease().images)) {
    await attestImage(image, { predicateType: predicateTypes.signature, predicate: {} }, identity);
    console.log(`✓ signed ${referenceOf(image)}`);
  }
});
