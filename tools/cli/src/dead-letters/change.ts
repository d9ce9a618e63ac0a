import type { DeadLetter } from '@causeway/messaging/operate';
import { audited, type AuditedAction } from '../audit.js';
import type { CommandContext, CommandReport } from '../command.js';
import { WrongUsage } from '../failure.js';
import { describeFilter, isFiltered, readSelected, type LetterFilter } from './letter-filter.js';
import { asJson, identityOf, overview, plural } from './letter-text.js';

/** Letters that one entry of the audit trail names; it must fit into a message. */
const chunkSize = 500;
/** Letters that a dry run shows. */
const shown = 20;

/** Which letters to change, and whether to do it. */
export interface ChangeOptions extends LetterFilter {
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly reason?: string;
}

export interface LetterChange {
  readonly action: AuditedAction['action'];
  readonly done: 'replayed' | 'discarded';
  /** @throws Error when the letter must stay as it is */
  readonly check: (letter: DeadLetter) => void;
  /** @returns false when the letter is gone already */
  readonly apply: (letter: DeadLetter, auditId: string) => Promise<boolean>;
}

/** Selects, shows, and with `--yes` changes: each chunk between its two entries of the audit trail. */
export async function changeLetters(
  context: CommandContext,
  sequences: readonly number[],
  options: ChangeOptions,
  { action, done, check, apply }: LetterChange,
): Promise<CommandReport> {
  const { letters, missing, refused } = await select(context, sequences, options, check);
  const problems = [
    ...missing.map((sequence) => `there is no dead letter ${sequence}`),
    ...refused.map(({ error }) => error),
  ];
  const about = { missing, refused };
  if (!options.yes || letters.length === 0)
    return {
      data: { dryRun: !options.yes, selected: letters.map(asJson), ...about },
      lines: [...(letters.length === 0 ? ['no dead letters match'] : planOf(letters, done)), ...problems],
      ok: problems.length === 0,
    };
  const result: Applied = { changed: [], gone: [] };
  const nc = await context.target.nats();
  for (let from = 0; from < letters.length && !result.failure; from += chunkSize) {
    const chunk = letters.slice(from, from + chunkSize);
    const details = { filter: describeFilter(options), letters: chunk.map(identityOf) };
    const part = await audited(nc, { who: context.who(), action, reason: options.reason, details }, (id) =>
      applyAll(chunk, (letter) => apply(letter, id)),
    );
    result.changed.push(...part.changed);
    result.gone.push(...part.gone);
    if (part.failure) result.failure = part.failure;
  }
  const { changed, gone, failure } = result;
  return {
    data: { dryRun: false, [done]: changed, gone, failure, ...about },
    lines: [
      `${done} ${plural(changed.length)}`,
      ...(gone.length > 0 ? [`${plural(gone.length)} had gone already`] : []),
      ...(failure ? [`stopped: ${failure}. The others are still there; run the same command again.`] : []),
      ...problems,
    ],
    ok: !failure && problems.length === 0,
  };
}

interface Applied extends Record<string, unknown> {
  readonly changed: number[];
  readonly gone: number[];
  failure?: string;
}

async function applyAll(
  letters: readonly DeadLetter[],
  apply: (letter: DeadLetter) => Promise<boolean>,
): Promise<Applied> {
  const applied: Applied = { changed: [], gone: [] };
  for (const letter of letters) {
    try {
      ((await apply(letter)) ? applied.changed : applied.gone).push(letter.sequence);
    } catch (error) {
      // What was done stays done; the trail must say how far it came.
      return { ...applied, failure: error instanceof Error ? error.message : String(error) };
    }
  }
  return applied;
}

interface LetterSelection {
  readonly letters: DeadLetter[];
  readonly missing: number[];
  readonly refused: { readonly sequence: number; readonly error: string }[];
}

/** @throws WrongUsage unless the command line says clearly which letters it means */
async function select(
  { target }: CommandContext,
  sequences: readonly number[],
  options: ChangeOptions,
  check: (letter: DeadLetter) => void,
): Promise<LetterSelection> {
  const ways = [sequences.length > 0, isFiltered(options), options.all === true].filter(Boolean).length;
  if (ways !== 1) throw new WrongUsage('name the letters by their numbers, or by a filter, or all of them with --all');
  const nc = await target.nats();
  const selection: LetterSelection = { letters: [], missing: [], refused: [] };
  const take = (letter: DeadLetter): void => {
    try {
      check(letter);
      selection.letters.push(letter);
    } catch (error) {
      selection.refused.push({ sequence: letter.sequence, error: (error as Error).message });
    }
  };
  if (sequences.length === 0) {
    for await (const letter of readSelected(nc, options)) take(letter);
    return selection;
  }
  const { readDeadLetter } = await import('@causeway/messaging/operate');
  for (const sequence of new Set(sequences)) {
    const letter = await readDeadLetter(nc, sequence);
    if (letter) take(letter);
    else selection.missing.push(sequence);
  }
  return selection;
}

function planOf(letters: readonly DeadLetter[], done: LetterChange['done']): string[] {
  const more = letters.length - shown;
  return [
    ...overview(letters.slice(0, shown)),
    ...(more > 0 ? [`… and ${more} more`] : []),
    '',
    `nothing was changed: ${plural(letters.length)} would be ${done}. With --yes it happens.`,
  ];
}
