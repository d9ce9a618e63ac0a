// `npm run scan`: looks for known vulnerabilities in what `npm run sbom` listed, with Grype from its own image. Exits
// with 1 when one is high or critical and a version without it exists; .grype.yaml holds what was looked at and accepted.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findEngine, images } from '@causeway/images';
import { run } from '@causeway/launcher/run';
import { reportsFolder, root } from './places.js';
import { DeliveryRefused, runCommand } from './refused.js';
import { scanCommand } from './scan.js';

const usage = `Looks for known vulnerabilities in what npm run sbom listed, with Grype (needs Docker).

  npm run scan`;

runCommand(usage, async () => {
  parseArgs({ options: {} });
  const { docker } = await findEngine();
  const missing = images.filter((app) => !existsSync(join(reportsFolder, `${app}.cdx.json`)));
  if (missing.length > 0)
    throw new DeliveryRefused(
      `No bill of materials of ${missing.join(', ')} in reports/delivery: run npm run sbom -- --release.`,
    );
  const failed: string[] = [];
  for (const app of images) {
    console.log(`\n── ${app}`);
    const { code } = await run(scanCommand(docker, app, { root, reports: reportsFolder }), { output: 'inherit' });
    // The engine's own codes: the scanner did not start.
    if (code === 125 || code === 126 || code === 127)
      throw new DeliveryRefused(
        '\nThe scanner did not start, so nothing is known; the lines above say why. It is pulled from docker.io and pulls its ' +
          'database from grype.anchore.io: let this machine reach both, then run it again.',
      );
    if (code !== 0) failed.push(app);
  }
  if (failed.length > 0)
    throw new DeliveryRefused(
      `\nThe scan failed for ${failed.join(', ')}; the lines above say why. Update the package (npm update, or a newer base image). ` +
        'If it cannot be reached here, add it to .grype.yaml with the reason and a date to look again.',
    );
});
