// `npm run provenance`: signs, for each image of the release, which pipeline built it from which commit (SLSA), and its
// bill of materials; attaches both in the registry.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { predicateTypes, signingIdentity } from './attestation.js';
import { reportsFolder } from './places.js';
import { pipelineRun, provenanceOf } from './provenance.js';
import { DeliveryRefused, runCommand } from './refused.js';
import { attestImage } from './registry.js';
import { readRelease, referenceOf } from './release.js';

const usage = `Signs which pipeline built each image from which commit, and its bill of materials.

  npm run provenance`;

runCommand(usage, async () => {
  parseArgs({ options: {} });
  const identity = signingIdentity(process.env);
  const run = pipelineRun(process.env);
  const release = readRelease();
  for (const [app, image] of Object.entries(release.images)) {
    const bill = join(reportsFolder, `${app}.cdx.json`);
    if (!existsSync(bill)) throw new DeliveryRefused(`There is no ${bill}: run npm run sbom -- --release first.`);
    const { provenance, billOfMaterials } = predicateTypes;
    const predicate = JSON.parse(readFileSync(bill, 'utf8')) as unknown;
    await attestImage(image, { predicateType: provenance, predicate: provenanceOf(app, release, run) }, identity);
    await attestImage(image, { predicateType: billOfMaterials, predicate }, identity);
    console.log(`✓ provenance and bill of materials of ${referenceOf(image)}`);
  }
});
