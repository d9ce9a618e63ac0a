// Adds up what several runs of Jest reported, for the closing lines of `npm test`.
import { relative } from 'node:path';

const skippedStates = new Set(['pending', 'skipped', 'todo', 'disabled']);
const noReason = 'they say no reason; use describeWhen of @causeway/testkit';

/** The reason that `describeWhen` writes into the title of a suite. */
const reasonOf = ({ ancestorTitles }) =>
  ancestorTitles.map((title) => /\[skipped: (.+)\]$/.exec(title)?.[1]).find(Boolean) ?? noReason;

/**
 * @param {readonly (object | undefined)[]} reports of `jest --json`; undefined where Jest ended before it could write
 * one
 * @param {string} root paths are shown from here
 * @returns {{ passed: number, failed: number, skipped: number, skips: { reason: string, files: string[], tests: number
 * }[] }}
 *   `failed` counts tests, and files that could not run
 */
export function totalsOf(reports, root) {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const skips = new Map();
  for (const report of reports) {
    if (!report) {
      totals.failed += 1;
      continue;
    }
    totals.passed += report.numPassedTests;
    totals.failed += report.numFailedTests + report.numRuntimeErrorTestSuites;
    for (const { name, assertionResults } of report.testResults) {
      for (const test of assertionResults.filter(({ status }) => skippedStates.has(status))) {
        const reason = reasonOf(test);
        const skip = skips.get(reason) ?? { reason, files: new Set(), tests: 0 };
        skip.files.add(relative(root, name));
        skip.tests += 1;
        skips.set(reason, skip);
        totals.skipped += 1;
      }
    }
  }
  return { ...totals, skips: [...skips.values()].map((skip) => ({ ...skip, files: [...skip.files].sort() })) };
}

/**
 * `3 passed, 0 failed`, with the skipped ones where there are any. Scripts read this line: do not change its beginning.
 */
export const closingLine = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

/** One line for each reason: which suites, why, and how to have them run. */
export const skipLines = ({ skips }) =>
  skips.map(({ reason, files, tests }) => `${tests} skipped in ${files.join(', ')}: ${reason}`);
