import type { DeadLetter } from '@causeway/messaging/operate';
import { ago } from '../output/duration.js';
import { oneLine, table } from '../output/table.js';

/** A line for each letter. */
export const overview = (letters: readonly DeadLetter[]): string[] =>
  table(
    ['sequence', 'failed', 'consumer', 'message', 'code', 'attempts', 'reason'],
    letters.map(({ sequence, at, consumer, messageId, code, attempts, reason }) => [
      sequence,
      ago(at),
      consumer,
      messageId,
      code,
      attempts,
      oneLine(reason, 60),
    ]),
  );

/** What names a letter in the audit trail. */
export const identityOf = ({ sequence, consumer, subject, messageId, code }: DeadLetter) => ({
  sequence,
  consumer,
  subject,
  messageId,
  code,
});

export const asJson = (letter: DeadLetter) => ({
  ...identityOf(letter),
  reason: letter.reason,
  violations: letter.violations,
  attempts: letter.attempts,
  at: letter.at,
  traceId: traceIdOf(letter) ?? null,
});

export const traceIdOf = ({ traceparent }: DeadLetter): string | undefined => traceparent?.split('-')[1];

/** As JSON where it is that: a malformed message is a reason to be here. */
export function payloadOf({ payload }: DeadLetter): unknown {
  const text = new TextDecoder().decode(payload);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

export const plural = (letters: number): string => `${letters} dead letter${letters === 1 ? '' : 's'}`;
