// `npm run test:images`: builds the images, looks into them, and runs the system tests against the system that Compose
// starts from them. Options: --if-available (no engine is no failure); after `--`, parts of paths of tests to run
// alone.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runSuite } from '@causeway/testkit/run-suite';
import { buildImages, images } from './build.js';
import { findEngine, NoEngine, type Engine } from './engine.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'if-available': { type: 'boolean', default: false }, 'no-build': { type: 'boolean', default: false } },
});

async function main(): Promise<number> {
  let engine: Engine;
  try {
    engine = await findEngine();
  } catch (error) {
    if (!(error instanceof NoEngine)) throw error;
    console.log(`Images not tested. ${error.message}`);
    return values['if-available'] ? 0 : 1;
  }
  if (!values['no-build']) await buildImages(engine, images, { root, tag: 'dev' });
  return runSuite('images', 'tools/images', positionals);
}

process.exitCode = await main();
