import { join } from 'node:path';
import { repository } from '@causeway/launcher/find-running';
import type { Command } from 'commander';
import { checkRepository, type CheckOptions } from '../check/check.js';
import type { TemplateFinding, FindingSeverity } from '../check/finding.js';
import { example, type CommandReport, type LocalContext, type RunLocally } from '../command.js';
import { CommandFailed } from '../failure.js';
import { Stopped } from '../update/child-process.js';
import { nxTooling } from '../update/nx-tooling.js';

const help = `
Errors and warnings make the exit code 1. A difference that is meant is accepted by the name of its file, in the list
"accepted" of the record (.causeway-template.json); it is a note from then on.`;

/** `causeway check`: what in this repository differs from its template and from its own rules, and why it matters. */
export function addCheck(program: Command, runLocally: RunLocally): void {
  program
    .command('check')
    .description('say what in this repository differs from the template, and why it matters')
    .option('--from <repository>', 'the template: URL or path; default: the recorded one')
    .option('--base <commit>', 'the commit of the template that is in this repository; default: it is found')
    .addHelpText('after', [help, example('check')].join('\n'))
    .action((options: CheckOptions, command: Command) => runLocally(command, (context) => check(options, context)));
}

async function check(options: CheckOptions, { signal, progress }: LocalContext): Promise<CommandReport> {
  const findings = await checkRepository(options, {
    repository,
    cache: join(repository, '.causeway', 'template'),
    tooling: nxTooling(signal),
    say: (line) => progress(`- ${line}`),
    signal,
  }).catch((error: unknown) => {
    throw error instanceof Stopped ? new CommandFailed('stopped') : error;
  });
  const count = (severity: FindingSeverity): number =>
    findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings, notes] = [count('error'), count('warning'), count('note')];
  return {
    data: { errors, warnings, notes, findings },
    ok: errors + warnings === 0,
    lines: [
      '',
      ...findings.flatMap(lines),
      errors + warnings === 0
        ? `nothing that matters differs from the template (${notes} notes)`
        : `${errors} errors, ${warnings} warnings, ${notes} notes`,
    ],
  };
}

const lines = ({ severity, check: name, file, reason, remedy }: TemplateFinding): string[] => [
  `${severity.toUpperCase().padEnd(8)} ${file}  (${name})`,
  `         ${reason}`,
  `         ${remedy}`,
];
