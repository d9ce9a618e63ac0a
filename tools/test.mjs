// `npm test`: lint, type check, build, then every test. Ends with the line `N passed, N failed` over all of them.
// `npm test -- orders` runs only the test files whose path holds `orders`, without the other steps.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const reports = join(root, 'reports');
const only = process.argv.slice(2);
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

const failed = [];
let passedSteps = 0;

async function step(title, command, args) {
  const since = Date.now();
  console.log(`\n── ${title}`);
  const code = await run(command, args);
  console.log(`── ${title}: ${code === 0 ? 'done' : 'FAILED'} in ${seconds(since)}`);
  if (code === 0) passedSteps += 1;
  else failed.push(title);
}

/** Jest with a report per run, so that the totals of several runs can be added up. */
async function tests(title, name, args) {
  const since = Date.now();
  const report = join(reports, `${name}.json`);
  rmSync(report, { force: true });
  console.log(`\n── ${title}`);
  const jest = [
    join(root, 'node_modules/jest/bin/jest.js'),
    '--config',
    join(root, 'jest.config.mjs'),
    '--json',
    `--outputFile=${report}`,
  ];
  const code = await run(process.execPath, [
    '--experimental-vm-modules',
    '--no-warnings',
    ...jest,
    ...args,
    ...(only.length ? ['--passWithNoTests', '--', ...only] : []),
  ]);
  console.log(`── ${title}: ${code === 0 ? 'done' : 'FAILED'} in ${seconds(since)}`);
  try {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
    return { passed: numPassedTests, failed: Math.max(numFailedTests + numRuntimeErrorTestSuites, code === 0 ? 0 : 1) };
  } catch {
    return { passed: 0, failed: 1 }; // jest died before it could report
  }
}

mkdirSync(reports, { recursive: true });
if (only.length === 0) {
  const nx = join(root, 'node_modules/.bin/nx');
  await step('Lint, type check, build', process.execPath, [
    nx,
    'run-many',
    '-t',
    'lint',
    'typecheck',
    'build',
    '--outputStyle=static',
    '--nxBail=false',
  ]);
}
const units = await tests('Unit and integration tests', 'unit', ['--selectProjects', 'unit', 'integration']);
const system = await tests('System tests', 'system', ['--selectProjects', 'system', '--runInBand']);

const passed = passedSteps + units.passed + system.passed;
const failures = failed.length + units.failed + system.failed;
if (failures > 0)
  console.log(
    '\nSomething failed: the first failure above says what. `npm test -- <part of a path>` runs single files.',
  );
console.log(`\nAll of it took ${seconds(started)}.\n${passed} passed, ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
