// `npm run images:release -- --repository=registry.example.org/shop`: builds all images from the commit
// that is checked out, pushes them, and records their digests in reports/delivery. --cache=<repository> keeps BuildKit's
// cache there (needs buildx).
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { parseArgs } from 'node:util';
import { buildImages, findEngine, images as all } from '@causeway/images';
import { root } from './places.js';
import { pushImages } from './push.js';
import { DeliveryRefused, runCommand } from './refused.js';
import { cleanRevision, referenceOf, versionOf, writeRelease } from './release.js';

const usage = `Builds all images from the commit that is checked out, pushes them, and writes their digests to reports/delivery.

  npm run images:release -- --repository=registry.example.org/shop
    --cache=<repository>   keeps BuildKit's cache there (needs buildx)`;

runCommand(usage, async () => {
  const { values } = parseArgs({ options: { repository: { type: 'string' }, cache: { type: 'string' } } });
  const { repository, cache } = values;
  if (!repository)
    throw new DeliveryRefused('Where to? npm run images:release -- --repository=registry.example.org/shop');
  const engine = await findEngine();
  const revision = await cleanRevision();
  const version = versionOf(revision);
  await buildImages(engine, all, { root, tag: version, repository, cache });
  const images = await pushImages(engine.docker, all, { repository, tag: version });
  writeRelease({ version, revision, images });
  for (const image of Object.values(images)) console.log(referenceOf(image));
  console.log('\nNext: npm run sbom, which reads reports/delivery/release.json.');
});
