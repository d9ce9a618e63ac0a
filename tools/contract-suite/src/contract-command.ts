// `npm run test:contract -- <service>`: the contract suite against one service, a line for each check.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { ContractRecord } from '@causeway/contracts/record';
import { coveredServices, listedTarget, loadFixture } from './listed.js';
import { runSuite, type CheckResult } from './run-suite.js';
import type { SuiteTarget } from './target.js';

const usage = `Usage: npm run test:contract -- <service>
       npm run test:contract -- --record <file> --command '<command>'

Checks that a service keeps its contract, whatever it is written in.

  <service>            one of: ${coveredServices.map(({ name }) => name).join(', ')} (built: npm run build)
  --record <file>      contract record in JSON (npx causeway contracts record <service>)
  --command <command>  what starts it; with " migrate" behind it, it prepares its database and ends
  --cwd <folder>       where it is started; default: here
  --env NAME=VALUE     a setting of this service alone; may be repeated
  --fixture <file>     module that exports contractFixture: how to make preconditions
  --no-database        it owns no database
  --only <text>        only the checks whose id contains the text
  --list               print the checks and do nothing

docs/reference/service-contract.md explains the checks and what a service is given.`;

class WrongUsage extends Error {}

const options = {
  record: { type: 'string' },
  command: { type: 'string' },
  cwd: { type: 'string' },
  env: { type: 'string', multiple: true },
  fixture: { type: 'string' },
  'no-database': { type: 'boolean' },
  only: { type: 'string' },
  list: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

function parsed() {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new WrongUsage((error as Error).message);
  }
}

type Values = ReturnType<typeof parsed>['values'];

async function targetOf(values: Values, [name, ...more]: readonly string[]): Promise<SuiteTarget> {
  if (more.length > 0) throw new WrongUsage('one service at a time');
  if (values.record === undefined) {
    const service = coveredServices.find((each) => each.name === name);
    if (!service) throw new WrongUsage(name === undefined ? 'which service?' : `there is no service ${name} to check`);
    return listedTarget(service);
  }
  if (values.command === undefined) throw new WrongUsage('--record needs --command');
  return {
    record: recordIn(values.record),
    command: values.command,
    cwd: resolve(values.cwd ?? '.'),
    settings: Object.fromEntries((values.env ?? []).map(settingIn)),
    fixture: values.fixture === undefined ? {} : await fixtureIn(values.fixture),
    database: values['no-database'] !== true,
  };
}

function recordIn(file: string): ContractRecord {
  if (!existsSync(file)) throw new WrongUsage(`there is no file ${file}`);
  const record = JSON.parse(readFileSync(file, 'utf8')) as Partial<ContractRecord>;
  const { service, contracts, streams = {}, sends = [] } = record;
  if (typeof service !== 'string' || typeof contracts !== 'object')
    throw new WrongUsage(`${file} is no contract record: it needs "service" and "contracts"`);
  return { service, contracts, streams, sends };
}

function fixtureIn(file: string): ReturnType<typeof loadFixture> {
  if (!existsSync(file)) throw new WrongUsage(`there is no file ${file}`);
  return loadFixture(resolve(file));
}

function settingIn(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw new WrongUsage(`--env needs NAME=VALUE, not ${text}`);
  return [text.slice(0, at), text.slice(at + 1)];
}

const marks = { passed: 'ok      ', failed: 'FAILED  ', excepted: 'excepted' } as const;

function print({ id, about, outcome, detail, tookMs }: CheckResult): void {
  console.log(`${marks[outcome]}  ${id}: ${about} (${tookMs} ms)`);
  if (detail !== undefined) console.log(detail.replace(/^/gm, '            '));
}

async function main(): Promise<number> {
  const { values, positionals } = parsed();
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const target = await targetOf(values, positionals);
  if (values.list) {
    const { checksOf } = await import('./checks-of.js');
    for (const { id, about } of checksOf(target)) console.log(`${id}: ${about}`);
    return 0;
  }
  console.log(`${target.record.service}: starting PostgreSQL, NATS, an issuer, and the service (${target.command})`);
  const results = await runSuite(target, { only: values.only, report: print });
  const count = (outcome: CheckResult['outcome']): number => results.filter((each) => each.outcome === outcome).length;
  console.log(`\n${count('passed')} passed, ${count('failed')} failed, ${count('excepted')} excepted`);
  return count('failed') === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof WrongUsage) console.error(`\n${usage}`);
  process.exitCode = error instanceof WrongUsage ? 2 : 1;
}
