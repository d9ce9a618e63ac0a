// `npm test`: lint, type check, build, then every test. Ends with the line `N passed, N failed` over all of them,
// followed by `, N skipped` where something was skipped; the lines before it say why. `npm test -- orders` runs only
// the test files whose path holds `orders`, without the other steps. `--all` adds the long suites, a step each.
import './launcher/stop-with-parent.mjs';
import './launcher/tolerate-output-errors.mjs';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { closingLine, skipLines, totalsOf } from './test-totals.mjs';

const root = join(import.meta.dirname, '..');
const reports = join(root, 'reports');
const all = process.argv[2] === '--all';
const only = process.argv.slice(all ? 3 : 2);
const started = Date.now();
const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** Runs a command with its output shown; resolves to its exit code. */
const run = (command, args) =>
  new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', FORCE_COLOR: process.stdout.isTTY ? '1' : '0' },
    });
    child.on('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0)));
    child.on('error', (error) => {
      console.error(`${command} could not be started: ${error.message}. Run \`npm ci\` and try again.`);
      resolve(1);
    });
  });

let passedSteps = 0;
let failures = 0;

async function step(title, command, args) {
  const since = Date.now();
  console.log(`\n── ${title}`);
  const code = await run(command, args);
  console.log(`── ${title}: ${code === 0 ? 'done' : 'FAILED'} in ${seconds(since)}`);
  if (code === 0) passedSteps += 1;
  else failures += 1;
}

/** @returns the report of Jest; undefined when Jest ended before it could write one */
async function tests() {
  const since = Date.now();
  const report = join(reports, 'tests.json');
  rmSync(report, { force: true });
  console.log('\n── Tests');
  const code = await run(process.execPath, [
    '--experimental-vm-modules',
    '--no-warnings',
    join(root, 'node_modules/jest/bin/jest.js'),
    '--config',
    join(root, 'jest.config.mjs'),
    // Many tests wait for processes more than they compute: with a worker a core, a quarter of two cores stood idle.
    `--maxWorkers=${availableParallelism() + 1}`,
    '--json',
    `--outputFile=${report}`,
    ...(only.length ? ['--passWithNoTests', '--', ...only] : []),
  ]);
  console.log(`── Tests: ${code === 0 ? 'done' : 'FAILED'} in ${seconds(since)}`);
  return reportOf(report, code);
}

/** A run that ended with an error although no test failed (a coverage limit, a teardown) counts as one failure. */
function reportOf(file, code) {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
    return code === 0 || failed > 0 ? report : { ...report, numFailedTests: 1 };
  } catch {
    return undefined;
  }
}

mkdirSync(reports, { recursive: true });
if (only.length === 0) {
  const nx = join(root, 'node_modules/.bin/nx');
  const common = ['--outputStyle=static', '--nxBail=false'];
  await step('Build', process.execPath, [nx, 'run-many', '-t', 'build', ...common]);
  // The project "causeway" is the whole tree: one program for the compiler and the linter instead of one for each
  // project.
  const whole = ['run-many', '-t', 'lint', 'typecheck', '--projects', 'causeway'];
  await step('Lint, type check', process.execPath, [nx, ...whole, ...common]);
}
const ofTests = totalsOf([await tests()], root);
if (only.length > 0 && ofTests.passed + ofTests.failed + ofTests.skipped === 0) {
  console.log(`\nNo test file has ${only.join(' or ')} in its path.`);
  failures += 1;
}
if (all) {
  await step('Images', process.execPath, [join(root, 'tools/images/dist/test-process.js'), '--if-available']);
  const jest = ['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js'), '--config'];
  await step('Pages in a browser', process.execPath, [
    ...jest,
    join(root, 'apps/user/jest.browser.mjs'),
    '--runInBand',
  ]);
  await step('Contract suite', process.execPath, [join(root, 'tools/contract-suite/dist/test-process.js')]);
  await step('Attacks', process.execPath, [join(root, 'tools/security/dist/security-command.js')]);
  await step('Life of a fork', process.execPath, [join(root, 'tools/generators/dist/test-process.js')]);
}
const totals = { ...ofTests, passed: ofTests.passed + passedSteps, failed: ofTests.failed + failures };
if (totals.failed > 0)
  console.log(
    '\nSomething failed: the first failure above says what. `npm test -- <part of a path>` runs single files.',
  );
if (totals.skipped > 0) console.log(['', ...skipLines(totals)].join('\n'));
console.log(`\nAll of it took ${seconds(started)}.\n${closingLine(totals)}`);
process.exitCode = totals.failed === 0 ? 0 : 1;
