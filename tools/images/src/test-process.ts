// `npm run test:images`: builds the images, looks into them, and runs the system tests against the system that Compose
// starts from them. Options: --if-available (no engine is no failure); after `--`, parts of paths of tests to run
// alone.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { run } from '@causeway/launcher/run';
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
  const report = `${root}/reports/images.json`;
  // Jest does not make the folder of its report.
  mkdirSync(`${root}/reports`, { recursive: true });
  rmSync(report, { force: true });
  const jest = [
    process.execPath,
    '--experimental-vm-modules',
    '--no-warnings',
    `${root}/node_modules/jest/bin/jest.js`,
    '--config',
    `${root}/tools/images/jest.config.mjs`,
    '--runInBand',
    '--json',
    `--outputFile=${report}`,
    ...(positionals.length > 0 ? ['--', ...positionals] : []),
  ] as const;
  const { code } = await run(jest, { output: 'inherit', timeoutMs: 7_200_000 });
  await say(report);
  return code;
}

interface TestTotals {
  totalsOf(reports: readonly unknown[], root: string): { readonly skipped: number };
  skipLines(totals: unknown): string[];
  closingLine(totals: unknown): string;
}

/** Ends as `npm test` does: what was skipped and why, then the numbers. */
async function say(report: string): Promise<void> {
  const { totalsOf, skipLines, closingLine } = (await import(
    pathToFileURL(`${root}/tools/test-totals.mjs`).href
  )) as TestTotals;
  const read = existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as unknown) : undefined;
  const totals = totalsOf([read], root);
  console.log(['', ...skipLines(totals), closingLine(totals)].join('\n'));
}

process.exitCode = await main();
