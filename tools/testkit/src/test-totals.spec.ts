import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { jest } from '@jest/globals';
import { describeWhen } from './describe-when.js';

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
  skips: { reason: string; files: string[]; tests: number }[];
}
const { totalsOf, closingLine, skipLines } = (await import(
  pathToFileURL(join(import.meta.dirname, '../../test-totals.mjs')).href
)) as {
  totalsOf(reports: readonly unknown[], root: string): Totals;
  closingLine(totals: Totals): string;
  skipLines(totals: Totals): string[];
};

const outcome = (status: string, ...ancestorTitles: string[]) => ({ status, ancestorTitles });
const report = (numPassedTests: number, files: Record<string, unknown[]> = {}, more = {}) => ({
  numPassedTests,
  numFailedTests: 0,
  numRuntimeErrorTestSuites: 0,
  testResults: Object.entries(files).map(([name, assertionResults]) => ({ name: `/repo/${name}`, assertionResults })),
  ...more,
});
const noKubectl = 'there is no kubectl on the PATH; install it: https://kubernetes.io/docs/tasks/tools';

test('several runs are added up; files that could not run and a run without a report count as failed', () => {
  const totals = totalsOf(
    [report(3, {}, { numFailedTests: 1 }), report(2, {}, { numRuntimeErrorTestSuites: 2 })],
    '/repo',
  );
  expect(closingLine(totals)).toBe('5 passed, 3 failed');
  expect(closingLine(totalsOf([report(3), undefined], '/repo'))).toBe('3 passed, 1 failed');
});

test('skipped tests show in the closing line, and each reason once, with its suites', () => {
  const skipped = outcome('pending', `the overlays [skipped: ${noKubectl}]`, 'inner');
  const totals = totalsOf(
    [
      report(1, { 'b.spec.ts': [skipped, skipped], 'a.spec.ts': [skipped, outcome('passed')] }),
      report(4, { 'c.spec.ts': [outcome('todo'), outcome('pending', 'a suite')] }),
    ],
    '/repo',
  );
  expect(closingLine(totals)).toBe('5 passed, 0 failed, 5 skipped');
  expect(skipLines(totals)).toEqual([
    `3 skipped in a.spec.ts, b.spec.ts: ${noKubectl}`,
    '2 skipped in c.spec.ts: they say no reason; use describeWhen of @causeway/testkit',
  ]);
});

test('describeWhen skips where something is missing, and its reason is the one shown', () => {
  const skip = jest.spyOn(describe, 'skip').mockImplementation(() => undefined);
  const tests = jest.fn();
  describeWhen(false, { missing: 'there is no kubectl on the PATH', remedy: noKubectl.split('; ')[1] as string })(
    's',
    tests,
  );
  const title = skip.mock.calls[0]?.[0] as string;
  skip.mockRestore();
  expect(tests).not.toHaveBeenCalled();
  const totals = totalsOf([report(0, { 'a.spec.ts': [outcome('pending', title)] })], '/repo');
  expect(totals.skips[0]?.reason).toBe(noKubectl);
});
