// `npm run licences`: the licences of every package that goes into an image, against the allow list. Exits with 1 and
// says what to do where one is not allowed.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { parseArgs } from 'node:util';
import { licenceCounts, licenceProblems } from './licences.js';
import { readLock } from './lock.js';
import { root } from './places.js';
import { runCommand } from './refused.js';

const usage = `Compares the licences of all packages that images may hold with the allow list.

  npm run licences`;

runCommand(usage, async () => {
  parseArgs({ options: {} });
  const lock = readLock(root);
  const counts = licenceCounts(lock);
  console.log(`Licences of the ${counts.reduce((sum, [, count]) => sum + count, 0)} packages that images may hold:`);
  for (const [licence, count] of counts) console.log(`  ${String(count).padStart(4)}  ${licence}`);
  const problems = licenceProblems(lock);
  for (const problem of problems) console.error(`\n${problem.package} ${problem.what}.\n  ${problem.remedy}`);
  console.log(problems.length === 0 ? 'All of them are allowed.' : `\n${problems.length} not allowed.`);
  process.exitCode = problems.length === 0 ? 0 : 1;
});
