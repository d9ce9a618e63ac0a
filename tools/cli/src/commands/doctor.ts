import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '@causeway/launcher/find-running';
import { allOf, named } from '@causeway/launcher/progress';
import type { Command } from 'commander';
import { example, type CommandContext, type CommandReport, type RunCommand } from '../command.js';
import { brokerChecks } from '../doctor/broker.js';
import type { DoctorCheck, CheckFinding } from '../doctor/check.js';
import { databaseChecks } from '../doctor/databases.js';
import { instanceChecks } from '../doctor/instances.js';
import { diskChecks, freePortChecks, nodeCheck } from '../doctor/machine.js';
import type { CommandFailed } from '../failure.js';
import { table } from '../output/table.js';
import { sagaCheck } from '../story/saga-check.js';

/** `causeway doctor`: is everything as it should be? */
export function addDoctor(program: Command, run: RunCommand): void {
  program
    .command('doctor')
    .description('check versions, disk, clocks, databases, migrations, streams, consumers and instances')
    .addHelpText(
      'after',
      ['\nWhere nothing runs, it checks whether npm start can: versions, disk, ports.', example('doctor')].join('\n'),
    )
    .action((_options: unknown, command: Command) => run(command, doctor, beforeStart));
}

async function doctor({ target, note }: CommandContext): Promise<CommandReport> {
  const [instances] = await allOf(note, [named('the list of instances', instanceChecks(target))]);
  return report(note, [
    { name: 'target', finding: () => Promise.resolve({ ok: true, detail: target.name }) },
    nodeCheck,
    ...diskChecks(target.dataFolders),
    ...brokerChecks(target),
    ...databaseChecks(target),
    // demo
    sagaCheck(target),
    // end demo
    ...instances,
  ]);
}

function beforeStart({ message }: CommandFailed, note: (line: string) => void): Promise<CommandReport> {
  return report(note, [
    { name: 'target', finding: () => Promise.resolve({ ok: true, detail: `${message}; can one start?` }) },
    nodeCheck,
    ...diskChecks([process.cwd()]),
    ...freePortChecks(),
  ]);
}

/** `doctor` looks at the machine and the running system; what is in the repository is another question. */
const repositoryHint = existsSync(join(repository, '.git'))
  ? ['what in the repository differs from its template: npx causeway check']
  : [];

/**
 * Runs every check, whatever the others find.
 * @param note Told what is still waited for: a database that hangs takes its time.
 */
async function report(note: (line: string) => void, checks: readonly DoctorCheck[]): Promise<CommandReport> {
  const results = await allOf<DoctorResult[]>(
    note,
    checks.map((check) => named(check.name, resultOf(check))),
  );
  const wrong = results.filter(({ ok }) => !ok);
  return {
    data: results,
    lines: [
      ...table(
        ['', 'check', 'finding', 'remedy'],
        results.map(({ ok, name, detail, remedy }) => [ok ? 'ok' : 'WRONG', name, detail, ok ? undefined : remedy]),
      ),
      '',
      wrong.length === 0 ? 'everything is as it should be' : `wrong: ${wrong.map(({ name }) => name).join(', ')}`,
      ...repositoryHint,
    ],
    ok: wrong.length === 0,
  };
}

interface DoctorResult extends CheckFinding {
  readonly name: string;
}

async function resultOf({ name, finding }: DoctorCheck): Promise<DoctorResult> {
  const found = await finding().catch((error: unknown): CheckFinding => ({
    ok: false,
    detail: (error as Error).message,
  }));
  return { name, ...found };
}
