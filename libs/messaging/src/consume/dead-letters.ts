import { createHash } from 'node:crypto';
import { consumers, durableName } from '@causeway/contracts';
import { CodedError, type Violation } from '@causeway/errors';
import { getLogger, instruments, meter } from '@causeway/telemetry';
import {
  jetstreamManager,
  type JetStreamClient,
  type JsMsg,
  type MsgRequest,
  type StoredMsg,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { headersOf, natsHeaders } from './headers.js';

const log = getLogger('messaging');
const deadLettered = meter('causeway.messaging').counter(instruments.messagingDeadLetters, {
  description: 'Messages stored as dead letters',
  unit: '{message}',
});
const names = natsHeaders.deadLetter;
const stream = 'DLQ';

const prefix = 'dlq.';
export const deadLetterSubject = (consumer: string): string => `${prefix}${consumer}`;

/** A message that could not be handled: its payload, where it came from, and why it failed. */
export interface DeadLetter {
  /** Its sequence in stream DLQ; `replayDeadLetter` and `discardDeadLetter` take it. */
  readonly sequence: number;
  readonly consumer: string;
  readonly subject: string;
  readonly messageId: string;
  readonly code: string;
  readonly reason: string;
  /** For an invalid message: every wrong field. */
  readonly violations: readonly Violation[];
  readonly attempts: number;
  readonly at: Date;
  readonly traceparent: string | undefined;
  readonly payload: Uint8Array;
}

/**
 * Publishes a dead letter and waits until the broker has stored it; only then may the message be terminated. Its
 * message id makes it idempotent.
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
    msgID: `${consumer}:${info.stream}:${info.streamSequence}:${shortHash(why.messageId)}`,
    retries: 3,
    expect: { streamName: stream },
  });
  deadLettered.add(1, { 'messaging.consumer.group.name': consumer, 'error.type': code });
  log.error(
    { consumer, messageId: why.messageId, code, violations, attempts: info.deliveryCount, reason },
    'message stored as a dead letter; it is not redelivered',
  );
}

/**
 * Yields dead letters, oldest first, one request for each.
 * @param options.consumer Only those of this consumer. Default: all.
 */
export async function* readDeadLetters(
  nc: NatsConnection,
  { consumer = '>' }: { readonly consumer?: string } = {},
): AsyncGenerator<DeadLetter> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  for (let sequence = 1; ;) {
    // Known to nats-server 2.9 and later, but not to the types of its client: skips what others have removed.
    const next = { seq: sequence, next_by_subj: deadLetterSubject(consumer) } as MsgRequest;
    const stored = await jsm.streams.getMessage(stream, next);
    if (!stored) return;
    yield toDeadLetter(stored);
    sequence = stored.seq + 1;
  }
}

/** Returns one dead letter, or undefined when there is none with this sequence. */
export async function readDeadLetter(nc: NatsConnection, sequence: number): Promise<DeadLetter | undefined> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const stored = await jsm.streams.getMessage(stream, { seq: sequence });
  return stored ? toDeadLetter(stored) : undefined;
}

/**
 * Lists dead letters, oldest first.
 * @param limit At most this many. Default 100.
 */
export async function listDeadLetters(
  nc: NatsConnection,
  { consumer, limit = 100 }: { consumer?: string; limit?: number } = {},
): Promise<DeadLetter[]> {
  const found: DeadLetter[] = [];
  for await (const letter of readDeadLetters(nc, { consumer })) {
    if (found.length >= limit) break;
    found.push(letter);
  }
  return found;
}

/**
 * Publishes the original message again, on its original subject, and removes the dead letter. Idempotent: an
 * interrupted replay may be repeated (same message id), and consumers that have handled the message skip it (inbox).
 * The message keeps its trace, so its second life shows up beside the first.
 * @param who Who asked for it, for the audit log.
 * @param replayId Identifies the request; an attribute of the consumer's span.
 * @returns False when there is no such dead letter, or no longer.
 * @throws Error when the letter asks for another subject than its consumer handles, or nobody declares the consumer.
 */
export async function replayDeadLetter(
  nc: NatsConnection,
  sequence: number,
  who: string,
  replayId?: string,
): Promise<boolean> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const stored = await jsm.streams.getMessage(stream, { seq: sequence });
  if (!stored) return false;
  const letter = toDeadLetter(stored);
  const headers = headersOf(replayId === undefined ? {} : { [natsHeaders.replay]: replayId }, stored.header);
  for (const name of Object.values(names)) headers.delete(name);
  // Not the original id: within its duplicate window the broker would drop the replay as a duplicate of the original.
  await jsm.jetstream().publish(replaySubject(letter), letter.payload, {
    headers,
    msgID: `replay:${sequence}:${letter.messageId}`,
    retries: 3,
  });
  await jsm.streams.deleteMessage(stream, sequence);
  log.info(
    { audit: 'dead-letter-replayed', who, sequence, consumer: letter.consumer, messageId: letter.messageId },
    'dead letter replayed',
  );
  return true;
}

/**
 * The subject that the consumer handles. The broker says whose letter it is, since only the consumer's service may
 * store it; a header with another subject would make the operator send what that service may not.
 */
export function replaySubject({ sequence, consumer, subject }: DeadLetter): string {
  const handled = consumers.find((definition) => durableName(definition) === consumer)?.message.subject;
  if (handled === undefined) throw new Error(`no service declares the consumer ${consumer} of dead letter ${sequence}`);
  if (handled !== subject)
    throw new Error(`dead letter ${sequence} of ${consumer} asks for ${subject}, but its consumer handles ${handled}`);
  return handled;
}

/**
 * Removes a dead letter for good.
 * @param who Who asked for it, for the audit log.
 * @returns False when there is no such dead letter, or no longer.
 */
export async function discardDeadLetter(nc: NatsConnection, sequence: number, who: string): Promise<boolean> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const stored = await jsm.streams.getMessage(stream, { seq: sequence });
  if (!stored) return false;
  await jsm.streams.deleteMessage(stream, sequence);
  const { consumer, messageId } = toDeadLetter(stored);
  log.info({ audit: 'dead-letter-discarded', who, sequence, consumer, messageId }, 'dead letter discarded');
  return true;
}

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

function toDeadLetter({ seq, subject, header, data }: StoredMsg): DeadLetter {
  return {
    sequence: seq,
    consumer: subject.slice(prefix.length),
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
