import { join } from 'node:path';
import { repository } from '@causeway/launcher/find-running';
import type { Command } from 'commander';
import { example, type CommandReport, type LocalContext, type RunLocally } from '../command.js';
import { CommandFailed, WrongUsage } from '../failure.js';
import { Stopped } from '../update/child-process.js';
import { nxTooling } from '../update/nx-tooling.js';
import { describe, type LeftOutStep } from '../update/replay.js';
import type { UpdateState } from '../update/state.js';
import {
  abortUpdate,
  continueUpdate,
  update,
  type UpdateOptions,
  type UpdateOutcome,
  type UpdateParts,
} from '../update/update.js';

const help = `
The template is fetched beside the repository, into .causeway: remotes, tags and branches stay as they are. Its old and
its new version are made in a temporary folder with the recorded renames, services and removals, which takes a minute or
two each; their difference is merged on the branch template-update-<version>. Only what changed on both sides is a conflict.`;

/** `causeway update`: a fork takes what the template has become. */
export function addUpdate(program: Command, runLocally: RunLocally): void {
  program
    .command('update')
    .description('merge a newer version of the template, on a branch of its own')
    .option('--from <repository>', 'the template: URL or path; default: the recorded one')
    .option('--to <version>', 'tag, branch or commit; default: the newest version')
    .option('--base <commit>', 'the commit of the template that is in this repository; default: it is found')
    .option('--continue', 'go on after conflicts were resolved')
    .option('--abort', 'forget the update that has begun, with all that was done on its branch')
    .option('--dry-run', 'say what would be merged, and where conflicts would be')
    .addHelpText('after', [help, example('update --from https://git.example/causeway.git --to v2.0.0')].join('\n'))
    .action((options: UpdateCommandOptions, command: Command) =>
      runLocally(command, (context) => updateCommand(options, context)),
    );
}

interface UpdateCommandOptions extends UpdateOptions {
  readonly continue?: boolean;
  readonly abort?: boolean;
}

async function updateCommand(options: UpdateCommandOptions, context: LocalContext): Promise<CommandReport> {
  const { continue: goOn = false, abort = false, ...rest } = options;
  if (Number(goOn) + Number(abort) + Number(Object.keys(rest).length > 0) > 1)
    throw new WrongUsage('--continue and --abort are for an update that has begun: they stand alone');
  const ticker = tick(context.progress);
  const parts: UpdateParts = {
    repository,
    cache: join(repository, '.causeway', 'template'),
    tooling: nxTooling(context.signal),
    say: ticker.say,
    signal: context.signal,
  };
  try {
    if (abort) return aborted(await abortUpdate(parts));
    return report(await (goOn ? continueUpdate(parts) : update(rest, parts)));
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    if (goOn) throw new CommandFailed('stopped', 'Go on with npx causeway update --continue.');
    throw new CommandFailed('stopped; the repository is as it was before');
  } finally {
    ticker.end();
  }
}

/** Says every 10 s that the last thing it said is still going on. */
function tick(print: (line: string) => void): { readonly say: (line: string) => void; readonly end: () => void } {
  let timer: NodeJS.Timeout | undefined;
  return {
    say(line) {
      clearInterval(timer);
      print(`- ${line}`);
      const since = Date.now();
      timer = setInterval(() => print(`  ${line}: ${Math.round((Date.now() - since) / 1_000)} s`), 10_000);
    },
    end: () => clearInterval(timer),
  };
}

const aborted = ({ original, branch }: UpdateState): CommandReport => ({
  data: { state: 'aborted', branch: original.branch, commit: original.commit },
  lines: [`${branch} is gone; you are back on ${original.branch ?? original.commit}`],
});

function report(outcome: UpdateOutcome): CommandReport {
  switch (outcome.state) {
    case 'current':
      return {
        data: { state: 'current', version: outcome.to.version, commit: outcome.to.commit },
        lines: [`the template ${outcome.to.version} is in this repository already; nothing has changed`],
      };
    case 'planned':
      return planned(outcome);
    case 'conflicts':
      return {
        data: { ...summary(outcome.update), state: 'conflicts', conflicts: outcome.conflicts },
        ok: false,
        lines: [
          ...notes(outcome.update),
          `${outcome.conflicts.length} files changed here and in the template:`,
          ...outcome.conflicts.map(({ file, what }) => `  ${file}: ${what}`),
          '',
          'Edit them (git diff shows both sides), git add each of them, and then: npx causeway update --continue',
          `Or forget the update: npx causeway update --abort`,
        ],
      };
    case 'unfinished':
      return {
        data: { ...summary(outcome.update), state: 'unfinished', reason: outcome.reason },
        ok: false,
        lines: [
          ...notes(outcome.update),
          `${outcome.update.to.version} is merged on ${outcome.update.branch}, but what comes after it failed:`,
          ...outcome.reason.split('\n').map((line) => `  ${line}`),
          '',
          'Mend it on this branch, and then: npx causeway update --continue',
          'Or forget the update: npx causeway update --abort',
        ],
      };
    case 'done':
      return {
        data: { ...summary(outcome.update), state: 'done' },
        lines: [
          ...notes(outcome.update),
          `${outcome.update.from.version} is now ${outcome.update.to.version}, on the branch ${outcome.update.branch}`,
          `Look at it with git diff ${outcome.update.original.branch ?? outcome.update.original.commit}, run npm test, and merge it.`,
        ],
      };
  }
}

const summary = ({ from, to, branch, leftOut, keptMigrations, nxMigrations }: UpdateState) => ({
  from,
  to,
  branch,
  leftOut,
  keptMigrations,
  nxMigrations,
});

const notes = ({ leftOut, keptMigrations }: UpdateState): string[] => [
  ...leftOut.map(sayLeftOut),
  ...keptMigrations.map(
    ({ file, template }) => `${file}: the template ${template} it; yours stays, because it may have been applied`,
  ),
];

const sayLeftOut = ({ step, version, reason }: LeftOutStep): string =>
  `left out: ${describe(step)}, which ${version} cannot do (${reason.split('\n')[0]}); what it made stays as it is`;

function planned({ plan, conflicts }: Extract<UpdateOutcome, { state: 'planned' }>): CommandReport {
  const { from, to, commits, record, branch } = plan;
  return {
    data: { state: 'planned', from, to, branch, commits, steps: record.steps, conflicts },
    lines: [
      `${from.version} would become ${to.version}, on the branch ${branch}: ${commits.length} commits of the template`,
      ...commits.slice(0, 20).map((line) => `  ${line}`),
      ...(commits.length > 20 ? [`  and ${commits.length - 20} more`] : []),
      `steps done to both: ${record.steps.map(describe).join(', ') || 'none'}`,
      ...(conflicts === undefined ? ['conflicts are not known: Git 2.38 or later could say'] : []),
      ...(conflicts?.length === 0 ? ['there would be no conflicts'] : []),
      ...(conflicts ?? []).map(({ file, what }) => `conflict or regenerated: ${file}, ${what}`),
      '',
      'Nothing has changed; leave --dry-run away to do it.',
    ],
  };
}
