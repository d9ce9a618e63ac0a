import { roles, type Role } from '@causeway/contracts';
import type { Command } from 'commander';
import { audited } from '../audit.js';
import { example, type CommandContext, type CommandReport, type RunCommand } from '../command.js';
import { table } from '../output/table.js';
import { callService } from '../target/management.js';

const granted = roles.filter((role) => role !== 'customer');

interface RoleHolder {
  readonly userId: string;
  readonly role: Role;
}
interface RoleChange extends RoleHolder {
  readonly before: Role;
  readonly sessionsEnded: number;
}

/** `causeway roles`: who is more than a customer. */
export function addRoles(program: Command, run: RunCommand): void {
  const command = program.command('roles').description('who may do more than customers, and how that changes');
  command
    .command('list')
    .description('everybody who is more than a customer')
    .addHelpText('after', example('roles list'))
    .action((_options: unknown, cmd: Command) => run(cmd, list));
  command
    .command('grant <person>')
    .description('give somebody a role, by e-mail address or user id; they have to sign in again')
    .addArgument(command.createArgument('<role>').choices(granted))
    .option('--reason <text>', 'why, for the audit trail')
    .addHelpText('after', example('roles grant grace@example.com support --reason "joins the help desk"'))
    .action((person: string, role: string, options: ReasonOption, cmd: Command) =>
      run(cmd, (context) => change(context, 'grant', { person, role }, options)),
    );
  command
    .command('revoke <person>')
    .description('make somebody a customer again; what they are signed in to ends')
    .option('--reason <text>', 'why, for the audit trail')
    .addHelpText('after', example('roles revoke grace@example.com --reason "left the company"'))
    .action((person: string, options: ReasonOption, cmd: Command) =>
      run(cmd, (context) => change(context, 'revoke', { person }, options)),
    );
}

interface ReasonOption {
  readonly reason?: string;
}

async function list({ target }: CommandContext): Promise<CommandReport> {
  const holders = await callService<RoleHolder[]>(target, 'user', '/governance/roles');
  return {
    data: holders,
    lines:
      holders.length === 0
        ? [`everybody is a customer; the other roles are ${granted.join(' and ')}`]
        : table(
            ['user', 'role'],
            holders.map(({ userId, role }) => [userId, role]),
          ),
  };
}

async function change(
  { target, who: whoActs }: CommandContext,
  verb: 'grant' | 'revoke',
  input: { readonly person: string; readonly role?: string },
  { reason }: ReasonOption,
): Promise<CommandReport> {
  const who = whoActs();
  // The trail can only grow, so it holds no e-mail address; the user id comes with the second entry.
  const details = {
    ...(input.role && { role: input.role }),
    ...(!input.person.includes('@') && { person: input.person }),
  };
  const changed = await audited(await target.nats(), { who, action: `roles.${verb}`, reason, details }, async () => ({
    ...(await callService<RoleChange>(target, 'user', `/governance/roles/${verb}`, {
      method: 'POST',
      body: { who, ...input },
    })),
  }));
  const { userId, role, before, sessionsEnded } = changed;
  return {
    data: changed,
    lines:
      before === role
        ? [`${userId} is ${role} already; nothing changed`]
        : [
            `${userId} was ${before} and is ${role}; ${sessionsEnded} ${sessionsEnded === 1 ? 'session' : 'sessions'} ended`,
            'access tokens issued before stay valid for at most five minutes',
          ],
  };
}
