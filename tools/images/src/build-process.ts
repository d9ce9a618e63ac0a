// `npm run images`: builds all images, one after the other. Options: names of images; --tag=<tag>, default
// dev.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildImages, images, type ImageOf } from './build.js';
import { findEngine, NoEngine } from './engine.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { tag: { type: 'string', default: 'dev' } },
});

async function main(): Promise<void> {
  const unknown = positionals.filter((name) => !images.includes(name as ImageOf));
  if (unknown.length > 0)
    throw new NoEngine(`There is no image ${unknown.join(', ')}; there are ${images.join(', ')}.`);
  const engine = await findEngine();
  const apps = positionals.length > 0 ? (positionals as ImageOf[]) : images;
  await buildImages(engine, apps, { root, tag: values.tag });
  console.log(
    '\nNext: sh docker/secrets.sh && docker compose -f docker/compose.yaml up, or npm run kind:up (docker/README.md).',
  );
}

main().catch((error: unknown) => {
  console.error(error instanceof NoEngine ? error.message : error);
  process.exitCode = 1;
});
