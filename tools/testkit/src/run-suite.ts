import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { run } from '@causeway/launcher/run';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Of tools/test-totals.mjs. */
interface SuiteTotals {
  totalsOf(reports: readonly unknown[], root: string): { readonly skipped: number };
  skipLines(totals: unknown): string[];
  closingLine(totals: unknown): string;
}

/**
 * Runs a suite that `npm test` leaves out because it takes long, one file at a time, and ends as `npm test` does: what was
 * skipped and why, then the numbers. Its report is `reports/<name>.json`.
 * @param project Folder with the suite's `jest.config.mjs`, from the root of the repository.
 * @param paths   Parts of paths of the tests to run; default all.
 * @returns the exit code of Jest
 */
export async function runSuite(name: string, project: string, paths: readonly string[] = []): Promise<number> {
  const report = join(root, 'reports', `${name}.json`);
  // Jest does not make the folder of its report.
  mkdirSync(join(root, 'reports'), { recursive: true });
  rmSync(report, { force: true });
  const jest = [
    process.execPath,
    '--experimental-vm-modules',
    '--no-warnings',
    join(root, 'node_modules/jest/bin/jest.js'),
    '--config',
    join(root, project, 'jest.config.mjs'),
    '--runInBand',
    '--json',
    `--outputFile=${report}`,
    ...(paths.length > 0 ? ['--', ...paths] : []),
  ] as const;
  const { code } = await run(jest, { output: 'inherit', timeoutMs: 7_200_000 });
  const { totalsOf, skipLines, closingLine } = (await import(
    pathToFileURL(join(root, 'tools/test-totals.mjs')).href
  )) as SuiteTotals;
  const totals = totalsOf(
    [existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as unknown) : undefined],
    root,
  );
  console.log(['', ...skipLines(totals), closingLine(totals)].join('\n'));
  return code;
}
