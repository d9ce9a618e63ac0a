import type { Command } from 'commander';
import { audited } from '../audit.js';
import { example, type CommandContext, type CommandReport, type RunCommand } from '../command.js';
import { ago, duration } from '../output/duration.js';
import { table } from '../output/table.js';
import { callService } from '../target/management.js';

/** The service that signs tokens. */
const issuer = 'user';

interface SigningKeyRow {
  readonly kid: string;
  readonly state: 'published' | 'signing' | 'retiring';
  readonly publishedAt: string;
  readonly signsFrom: string;
  readonly signsUntil?: string;
  readonly retiredAt?: string;
}

interface KeyList {
  readonly keys: readonly SigningKeyRow[];
}

/** `causeway keys`: the keys that sign tokens. */
export function addKeys(program: Command, run: RunCommand): void {
  const keys = program
    .command('keys')
    .description('the keys that sign access tokens')
    .addHelpText('after', example('keys list'));

  keys
    .command('list')
    .description('list the keys that are published, the one that signs first')
    .addHelpText('after', example('keys list'))
    .action((_options: unknown, command: Command) => run(command, list));

  keys
    .command('rotate')
    .description('publish a new key now; it signs once everybody who verifies tokens can know it')
    .option('--reason <text>', 'why, for the audit trail')
    .addHelpText('after', example('keys rotate --reason "yearly"'))
    .action((options: { reason?: string }, command: Command) => run(command, (context) => rotate(context, options)));

  keys
    .command('retire')
    .description('delete a key that others may know, at once; without --yes only say what follows')
    .argument('<kid>', 'its id in `keys list`')
    .option('--yes', 'do it')
    .requiredOption('--reason <text>', 'why, for the audit trail')
    .addHelpText(
      'after',
      [
        '\nEverything the key has signed is refused within about a minute. Nobody has to sign in again: applications get',
        'another access token with their refresh token. A key that has only become old is replaced with `keys rotate`.',
        example('keys retire 3q2-7wAAhX5FVnDc5x4Vhq8mJ0dTYZB8P1kO9uS6eYg --reason "laptop stolen" --yes'),
      ].join('\n'),
    )
    .action((kid: string, options: { reason: string; yes?: boolean }, command: Command) =>
      run(command, (context) => retire(context, kid, options)),
    );
}

async function list({ target }: CommandContext): Promise<CommandReport> {
  const { keys } = await callService<KeyList>(target, issuer, '/governance/keys');
  return { data: keys, lines: linesOf(keys) };
}

async function rotate(context: CommandContext, { reason }: { reason?: string }): Promise<CommandReport> {
  const keys = await change(context, 'rotate', reason, {});
  const next = keys.find(({ state }) => state === 'published');
  const lines = [...linesOf(keys), ...(next ? [`${next.kid} signs ${inFuture(next.signsFrom)}`] : [])];
  return { data: keys, lines };
}

async function retire(
  context: CommandContext,
  kid: string,
  { reason, yes }: { reason: string; yes?: boolean },
): Promise<CommandReport> {
  if (yes) {
    const keys = await change(context, 'retire', reason, { kid });
    return { data: keys, lines: [...linesOf(keys), 'what the key has signed is refused within about a minute'] };
  }
  const { keys } = await callService<KeyList>(context.target, issuer, '/governance/keys');
  const key = keys.find((one) => one.kid === kid);
  if (!key) return { data: null, lines: [`no published key has the id ${kid}`], ok: false };
  return { data: key, lines: [...linesOf([key]), consequences[key.state], 'Nothing was changed: add --yes.'] };
}

const consequences: Readonly<Record<SigningKeyRow['state'], string>> = {
  published: 'It has signed nothing yet: the rotation is taken back.',
  signing:
    'It signs now: another key takes over at once, and what this one has signed is refused within about a minute.\nThe first requests with tokens of the new key may be refused, too, for at most 10 s.',
  retiring: 'It signs no longer: what it has signed is refused within about a minute.',
};

async function change(
  { target, who: whoActs }: CommandContext,
  action: 'rotate' | 'retire',
  reason: string | undefined,
  details: { readonly kid?: string },
): Promise<readonly SigningKeyRow[]> {
  const who = whoActs();
  const { keys } = await audited(await target.nats(), { who, action: `keys.${action}`, reason, details }, () =>
    callService<KeyList & Record<string, unknown>>(target, issuer, `/governance/keys/${action}`, {
      method: 'POST',
      body: { ...details, who },
    }),
  );
  return keys;
}

const linesOf = (keys: readonly SigningKeyRow[]): string[] =>
  table(
    ['key', 'state', 'published', 'signs from', 'until', 'retired'],
    keys.map(({ kid, state, publishedAt, signsFrom, signsUntil, retiredAt }) => [
      kid,
      state,
      ago(new Date(publishedAt)),
      when(signsFrom),
      signsUntil && when(signsUntil),
      retiredAt && when(retiredAt),
    ]),
  );

const when = (time: string): string => (Date.parse(time) > Date.now() ? inFuture(time) : ago(new Date(time)));

const inFuture = (time: string): string => `in ${duration(Math.max(0, Date.parse(time) - Date.now()))}`;
