import type { Command } from 'commander';
import type { DeadLetter } from '@causeway/messaging/operate';
import type { NatsConnection } from '@nats-io/transport-node';
import { durationMs } from '../output/duration.js';

/** Which dead letters a command is about; of several conditions all must hold. */
export interface LetterFilter {
  readonly consumer?: string;
  readonly subject?: string;
  readonly code?: string;
  /** An id that the message mentions. */
  readonly about?: string;
  /** Failed within the last so many milliseconds. */
  readonly since?: number;
}

export const withFilter = (command: Command): Command =>
  command
    .option('--consumer <name>', 'of this consumer')
    .option('--subject <subject>', 'of messages with this subject')
    .option('--code <code>', 'with this error code')
    .option('--about <id>', 'whose message mentions this id: of a message, or in its data')
    .option('--since <duration>', 'that failed within 30m, 2h, 7d …', durationMs);

/** The conditions alone, without the other options of a command. */
export const describeFilter = ({ consumer, subject, code, about, since }: LetterFilter): LetterFilter => ({
  consumer,
  subject,
  code,
  about,
  since,
});

export const isFiltered = (filter: LetterFilter): boolean =>
  Object.values(describeFilter(filter)).some((condition) => condition !== undefined);

/** Yields the dead letters that match, oldest first. */
export async function* readSelected(nc: NatsConnection, filter: LetterFilter): AsyncGenerator<DeadLetter> {
  const { readDeadLetters } = await import('@causeway/messaging/operate');
  const { consumer, subject, code, about, since } = filter;
  const from = since === undefined ? 0 : Date.now() - since;
  for await (const letter of readDeadLetters(nc, { consumer })) {
    if (subject !== undefined && letter.subject !== subject) continue;
    if (code !== undefined && letter.code !== code) continue;
    if (letter.at.getTime() < from) continue;
    if (about !== undefined && letter.messageId !== about && !mentions(letter, about)) continue;
    yield letter;
  }
}

const mentions = ({ payload }: DeadLetter, id: string): boolean => new TextDecoder().decode(payload).includes(id);
