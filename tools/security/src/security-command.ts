// `npm run test:security`: attacks a running system, and prints a report.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { AttackResult } from './attack.js';
import { AttackedSystem } from './attacked-system.js';
import { attacks } from './attacks.js';
import { lineOf, markdown, reportOf } from './report.js';
import { runAttacks } from './run-attacks.js';

const usage = `Usage: npm run test:security -- [options]

Attacks a running system: by default one that it starts itself, on free ports and with its own data.

  --only <text>     only the attacks whose id contains the text
  --list            print the attacks and do nothing
  --target <url>    attack the system at this address, by its public address alone; loopback only
  --report <file>   write the report there as well, in Markdown
  --seed <number>   repeat the fuzzing of an earlier run; its report says the number
  --runs <number>   requests of each operation that is fuzzed, at most 10000; default 100
  --fast            the sample that npm test runs
  --prove           take each protection away in a copy, and see its attack find something

Exit codes: 0 withstood everything, 1 something was found, 2 wrong options. docs/guides/attack.md explains it.`;

const root = fileURLToPath(new URL('../../..', import.meta.url));

class WrongUsage extends Error {}

const options = {
  only: { type: 'string' },
  list: { type: 'boolean' },
  target: { type: 'string' },
  report: { type: 'string' },
  seed: { type: 'string' },
  runs: { type: 'string' },
  fast: { type: 'boolean' },
  prove: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

function parsed() {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    throw new WrongUsage((error as Error).message);
  }
}

const say = (line: string): void => console.log(line);

/** Somebody else’s system is none of our business. */
function loopback(target: string): string {
  const url = URL.parse(target);
  if (!url || !/^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(url.hostname) || url.protocol !== 'http:')
    throw new WrongUsage(`--target is for http on a loopback address such as http://127.0.0.1:3000, not ${target}`);
  return url.origin;
}

function numberOf(text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,10}$/.test(text) && Number(text) <= most) return Number(text);
  throw new WrongUsage(`expected a number up to ${most}, not ${text}`);
}

async function main(): Promise<number> {
  const values = parsed();
  const chosen = attacks.filter(({ id }) => id.includes(values.only ?? ''));
  if (values.help) say(usage);
  else if (values.prove) return proved(values.only ?? '');
  else if (chosen.length === 0) throw new WrongUsage(`no attack has "${values.only}" in its id`);
  else if (values.list) for (const { id, about } of chosen) say(`${id}: ${about}`);
  else return run(values, chosen);
  return 0;
}

/** What is attacked, as far as it is in this repository. */
const attackedParts = ['apps', 'libs', 'tools/launcher', 'tools/system', 'package-lock.json'];

/** `commit 1a2b3c4, `: the last that changed what is attacked; nothing where there is no Git. */
function commit(): string {
  const git = (...args: readonly string[]): string =>
    spawnSync('git', [...args, '--', ...attackedParts], { cwd: root, encoding: 'utf8' }).stdout?.trim() ?? '';
  const last = git('log', '-1', '--format=%h');
  const isChanged = git('status', '--porcelain', '-uno') !== '';
  return last === '' ? '' : `commit ${last}${isChanged ? ' with changes' : ''}, `;
}

async function proved(only: string): Promise<number> {
  const [{ prove }, { protections }] = await Promise.all([
    import('./prove/prove.js'),
    import('./prove/protections.js'),
  ]);
  const chosen = protections.filter(({ about, attack }) => attack.includes(only) || about.includes(only));
  const unseen = await prove(chosen, say);
  say(`\n${chosen.length - unseen.length} of ${chosen.length} protections were seen missing`);
  return unseen.length === 0 ? 0 : 1;
}

async function run(values: ReturnType<typeof parsed>, chosen: typeof attacks): Promise<number> {
  const thorough = !values.fast;
  const attacked = commit(); // Before others can change a file.
  const system = values.target
    ? await AttackedSystem.attach(loopback(values.target), { thorough })
    : await AttackedSystem.start({ thorough, log: say });
  system.seed = numberOf(values.seed, 2 ** 31 - 1) ?? system.seed;
  system.runs = numberOf(values.runs, 10_000);
  say(`seed ${system.seed}`);
  let results: readonly AttackResult[];
  try {
    results = await runAttacks(system, chosen, (result) => say(lineOf(result)));
  } finally {
    await system.stop();
  }
  const report = reportOf(
    results,
    `${values.target ?? 'a system of its own'}${values.fast ? ' (the sample of npm test)' : ''}, ${attacked}seed ${system.seed}`,
  );
  say(`\n${report}`);
  if (values.report !== undefined) writeFileSync(values.report, await markdown(values.report, report));
  return results.some(({ outcome }) => outcome === 'FOUND') ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof WrongUsage ? `${error.message}\n\n${usage}` : error);
  process.exitCode = error instanceof WrongUsage ? 2 : 1;
}
