import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '@causeway/launcher/find-running';
import type { Command } from 'commander';
import { example, type CommandReport, type LocalContext, type RunLocally } from '../command.js';
import { demandCleanTree, generatorReport, runGenerator } from '../generate.js';
import { nxTooling } from '../update/nx-tooling.js';

const help = `
Removes the services order, payment and psp-sandbox, and everything that is only about them: contracts, routes,
commands, tests, dashboards, alerts, manifests, guides. The libraries, the gateway and the user service stay, and an
empty service to begin with. Refused while another service needs something of the demo.`;

/** `causeway strip-demo`: what a team with another domain starts from. */
export function addStripDemo(program: Command, runLocally: RunLocally): void {
  program
    .command('strip-demo')
    .description('remove the demo domain, for a team with another one')
    .option('--service <name>', 'name of the empty service that is made', 'core')
    .option('--dry-run', 'say which files would change')
    .addHelpText('after', [help, example('strip-demo --service invoice')].join('\n'))
    .action((options: StripDemoOptions, command: Command) =>
      runLocally(command, (context) => stripDemo(options, context)),
    );
}

interface StripDemoOptions {
  readonly service: string;
  readonly dryRun?: boolean;
}

async function stripDemo(
  { service, dryRun = false }: StripDemoOptions,
  { progress, signal }: LocalContext,
): Promise<CommandReport> {
  if (!dryRun) await demandCleanTree('nothing was removed');
  const empty = { name: service, shape: 'flat' };
  // A name that cannot be is refused while everything is still there.
  if (makesServices()) await runGenerator('service', empty, true);
  progress('removing the demo');
  const files = [...(await runGenerator('strip-demo', {}, dryRun))];
  if (!dryRun) {
    removeBuilds();
    const tooling = nxTooling(signal);
    progress('npm install');
    await tooling.install(repository);
    progress('building');
    await tooling.setUp(repository);
    if (makesServices()) {
      progress(`the service ${service}`);
      files.push(...(await runGenerator('service', empty, false)));
      await tooling.install(repository);
      await tooling.setUp(repository);
    }
    progress('npm run generate');
    await tooling.generate(repository);
  }
  return generatorReport({ service }, files, dryRun, 'look at them with git status, then: npm test, npm start');
}

/** A template may come without that generator. */
function makesServices(): boolean {
  const text = readFileSync(join(repository, 'tools/generators/generators.json'), 'utf8');
  return 'service' in (JSON.parse(text) as { generators: object }).generators;
}

/** What git ignores stays where a service was: builds, generated clients. */
function removeBuilds(): void {
  const apps = join(repository, 'apps');
  for (const name of readdirSync(apps))
    if (!existsSync(join(apps, name, 'package.json'))) rmSync(join(apps, name), { recursive: true, force: true });
}
