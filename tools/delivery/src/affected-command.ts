// `npm run affected -- --base=<commit>`: lints, type-checks, builds and tests what a change can have broken: the projects it
// touches, those that depend on them, and the gates over the whole tree. Everything, where the base is unknown or the
// change is to a file that concerns all. --plan only says what would run. --cache=<folder> keeps what Nx has built and
// checked, for the next run on any machine.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { existsSync, globSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { output, run, type Command } from '@causeway/launcher/run';
import { planFor, type Plan } from './affected.js';
import { startNxCache } from './nx-cache.js';
import { root } from './places.js';
import { DeliveryRefused, runCommand } from './refused.js';

const nx = join(root, 'node_modules/.bin/nx');
const env = { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' };

async function plan(base: string): Promise<Plan> {
  const known =
    /^[\w./~^-]+$/.test(base) && (await run(['git', '-C', root, 'cat-file', '-e', `${base}^{commit}`])).code === 0;
  if (!known) return { everything: base === '' ? 'no --base was given' : `the base ${base} is not in this clone` };
  const { code, stdout } = await run(['git', '-C', root, 'merge-base', base, 'HEAD']);
  if (code !== 0) return { everything: `the base ${base} has no commit in common with this one` };
  const since = stdout.trim();
  const differing = await output(['git', '-C', root, 'diff', '--name-only', '--no-renames', `${since}..HEAD`]);
  const changed = differing.split('\n').filter(Boolean);
  const listed = await output([nx, 'show', 'projects', '--affected', `--base=${since}`, '--head=HEAD', '--json'], {
    cwd: root,
    env,
  });
  const systemTests = globSync(join(root, 'tools/*/test/*.e2e.spec.ts')).map(
    (path) => `@causeway/${relative(join(root, 'tools'), path).split('/')[0]}`,
  );
  return planFor(changed, JSON.parse(listed) as string[], systemTests);
}

/** `@causeway/order` is in `/apps/order/`. */
const folderOf = (project: string): string =>
  ['apps', 'libs', 'tools']
    .map((place) => `/${place}/${project.replace('@causeway/', '')}/`)
    .find((folder) => existsSync(join(root, folder)))!;

async function steps(wanted: Plan, more: NodeJS.ProcessEnv): Promise<void> {
  const step = async (title: string, command: Command): Promise<void> => {
    console.log(`\n── ${title}`);
    const options = { cwd: root, env: { ...env, ...more }, output: 'inherit', timeoutMs: 7_200_000 } as const;
    const { code } = await run(command, options);
    if (code !== 0)
      throw new DeliveryRefused(
        `\n${title}: failed. The lines above say what; npm test runs all of it on your machine.`,
      );
  };
  const test = [process.execPath, join(root, 'tools/test.mjs')] as const;
  if ('everything' in wanted) return step('Everything', test);
  const many = (...args: string[]): Command => [nx, 'run-many', '--outputStyle=static', ...args];
  const projects = ['--projects', wanted.projects.join(',')];
  await step('Lint, type check', many('-t', 'lint', 'typecheck', ...projects));
  // All of them: tests of the system start every service.
  await step('Build', many('-t', 'build'));
  await step('Test', [...test, ...wanted.projects.map(folderOf)]);
}

const usage = `Lints, type-checks, builds and tests what a change can have broken.

  npm run affected -- --base=origin/main          everything, where the base is unknown
    --plan             only says what would run
    --cache=<folder>   keeps what was built and checked, for the next run on any machine`;

runCommand(usage, async () => {
  const { values } = parseArgs({
    options: {
      base: { type: 'string', default: '' },
      plan: { type: 'boolean', default: false },
      cache: { type: 'string' },
    },
  });
  const wanted = await plan(values.base);
  if ('everything' in wanted) console.log(`Everything runs: ${wanted.everything}.`);
  else console.log(`Affected: ${wanted.projects.join(', ')}`);
  if (values.plan) return;
  const cache = values.cache === undefined ? undefined : await startNxCache(resolve(values.cache));
  try {
    await steps(wanted, { ...cache?.env });
  } finally {
    if (cache) console.log(`${cache.hits()} results came from ${values.cache}.`);
    await cache?.close();
  }
});
