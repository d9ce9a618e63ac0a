// `npm run sbom`: a CycloneDX document for each image, into reports/delivery/<image>.cdx.json. Says what the image
// takes from npm; --release adds Node.js and the packages of the system, read from the released images (needs Docker).
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { findEngine, images } from '@causeway/images';
import { output } from '@causeway/launcher/run';
import { billOfMaterials } from './bill-of-materials.js';
import { baseContentsOf, npmPackagesOf, workspaceOf } from './image-contents.js';
import { readLock } from './lock.js';
import { reportsFolder, root } from './places.js';
import { runCommand } from './refused.js';
import { createdAt, readRelease, referenceOf, versionOf } from './release.js';

const usage = `Writes a CycloneDX document for each image into reports/delivery.

  npm run sbom
    --release   adds Node.js and the packages of the system, read from the released images (needs Docker)`;

runCommand(usage, async () => {
  const { values } = parseArgs({ options: { release: { type: 'boolean', default: false } } });
  const revision = await output(['git', '-C', root, 'rev-parse', 'HEAD']);
  const release = values.release ? readRelease(revision) : undefined;
  const engine = release ? await findEngine() : undefined;
  const lock = readLock(root);
  mkdirSync(reportsFolder, { recursive: true });
  for (const app of images) {
    const workspace = workspaceOf(app);
    const packages = npmPackagesOf(root, workspace);
    const base = release && engine && (await baseContentsOf(engine.docker, referenceOf(release.images[app]!)));
    const created = await createdAt(revision);
    const file = join(reportsFolder, `${app}.cdx.json`);
    writeFileSync(
      file,
      await billOfMaterials({ app, workspace, version: versionOf(revision), revision, created, lock, packages, base }),
    );
    const others = base ? `, Node.js ${base.node}, ${base.packages.length} packages of the system` : '';
    console.log(`✓ ${relative(root, file)}: ${packages.length} packages of npm${others}`);
  }
});
