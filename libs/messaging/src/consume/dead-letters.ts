import { createHash } from 'node:crypto';
import { CodedError, type Violation } from '@causeway/errors';
import { getLogger, instruments, meter } from '@causeway/telemetry';
import { jetstreamManager, type JetStreamClient, type JsMsg, type StoredMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { headersOf, natsHeaders } from './headers.js';

const log = getLogger('messaging');
const deadLettered = meter('messaging').counter(instruments.messagingDeadLetters, {
  description: 'Messages that were given up',
  unit: '{message}',
});
const names = natsHeaders.deadLetter;
const stream = 'DLQ';

export const deadLetterSubject = (consumer: string): string => `dlq.${consumer}`;

/** A message that was given up: the original payload and headers, and why. */
export interface DeadLetter {
  /** Its sequence in the DLQ stream: what `replayDeadLetter` and `discardDeadLetter` take. */
  readonly sequence: number;
  readonly consumer: string;
  readonly subject: string;
  readonly messageId: string;
  readonly code: string;
  readonly reason: string;
  /** For an invalid message: what is wrong where. */
  readonly violations: readonly Violation[];
  readonly attempts: number;
  readonly at: Date;
  readonly traceparent: string | undefined;
  readonly payload: Uint8Array;
}

/**
 * Publishes a dead letter and waits until the broker has stored it; only then may the message be terminated. Storing the same one twice
 * has no effect (message id).
 */
export async function sendToDeadLetters(
  js: JetStreamClient,
  consumer: string,
  message: JsMsg,
  why: { readonly messageId: string; readonly error: unknown; readonly summary: string },
): Promise<void> {
  const { info } = message;
  const code = why.error instanceof CodedError ? why.error.code : 'INTERNAL';
  const reason = why.error instanceof Error ? why.error.message : String(why.error);
  const violations = why.error instanceof CodedError ? (why.error.violations ?? []) : [];
  const values = {
    [names.consumer]: consumer,
    [names.subject]: message.subject,
    [names.stream]: info.stream,
    [names.sequence]: String(info.streamSequence),
    [names.messageId]: why.messageId,
    [names.code]: code,
    [names.reason]: `${why.summary}: ${reason}`,
    [names.violations]: JSON.stringify(violations.slice(0, 10)),
    [names.attempts]: String(info.deliveryCount),
    [names.at]: new Date().toISOString(),
  };
  await js.publish(deadLetterSubject(consumer), message.data, {
    headers: headersOf(values, message.headers),
    msgID: `${consumer}:${info.stream}:${info.streamSequence}:${createHash('sha256').update(why.messageId).digest('hex').slice(0, 16)}`,
    retries: 3,
    expect: { streamName: stream },
  });
  deadLettered.add(1, { 'messaging.consumer.group.name': consumer, 'error.type': code });
  log.error(
    { consumer, messageId: why.messageId, code, violations, attempts: info.deliveryCount, reason },
    'a message went to the dead letters',
  );
}

/**
 * Dead letters, oldest first.
 * @param limit At most this many. Default 100.
 */
export async function listDeadLetters(
  nc: NatsConnection,
  { consumer, limit = 100 }: { consumer?: string; limit?: number } = {},
): Promise<DeadLetter[]> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const { state } = await jsm.streams.info(stream);
  const found: DeadLetter[] = [];
  for (let sequence = Math.max(1, state.first_seq); sequence <= state.last_seq && found.length < limit; sequence += 1) {
    const stored = await jsm.streams.getMessage(stream, { seq: sequence });
    if (stored && (consumer === undefined || stored.subject === deadLetterSubject(consumer)))
      found.push(toDeadLetter(stored));
  }
  return found;
}

/**
 * Publishes the original message again, on its original subject, and removes the dead letter. Idempotent: a replay that was interrupted may
 * be repeated (same message id), consumers that handled the message before skip it (inbox), and a missing letter is not an error.
 * @returns false when there is no such letter (any more).
 */
export async function replayDeadLetter(nc: NatsConnection, sequence: number, who: string): Promise<boolean> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const stored = await jsm.streams.getMessage(stream, { seq: sequence });
  if (!stored) return false;
  const letter = toDeadLetter(stored);
  const headers = headersOf({}, stored.header);
  for (const name of Object.values(names)) headers.delete(name);
  // Not the original id: within the duplicate window the broker would take the replay for the message that it still holds.
  await jsm
    .jetstream()
    .publish(letter.subject, letter.payload, { headers, msgID: `replay:${sequence}:${letter.messageId}`, retries: 3 });
  await jsm.streams.deleteMessage(stream, sequence);
  log.info(
    { audit: 'dead-letter-replayed', who, sequence, consumer: letter.consumer, messageId: letter.messageId },
    'replayed a dead letter',
  );
  return true;
}

/** Removes a dead letter for good. Returns false when there is no such letter (any more). */
export async function discardDeadLetter(nc: NatsConnection, sequence: number, who: string): Promise<boolean> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const stored = await jsm.streams.getMessage(stream, { seq: sequence });
  if (!stored) return false;
  await jsm.streams.deleteMessage(stream, sequence);
  const { consumer, messageId } = toDeadLetter(stored);
  log.info({ audit: 'dead-letter-discarded', who, sequence, consumer, messageId }, 'discarded a dead letter');
  return true;
}

function toDeadLetter({ seq, header, data }: StoredMsg): DeadLetter {
  return {
    sequence: seq,
    consumer: header.get(names.consumer),
    subject: header.get(names.subject),
    messageId: header.get(names.messageId),
    code: header.get(names.code),
    reason: header.get(names.reason),
    violations: JSON.parse(header.get(names.violations) || '[]') as Violation[],
    attempts: Number(header.get(names.attempts)),
    at: new Date(header.get(names.at)),
    traceparent: header.get(natsHeaders.traceparent) || undefined,
    payload: data,
  };
}
