import { getLogger, instruments, meter } from '@causeway/telemetry';
import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import { natsHeaders } from '../consume/headers.js';
import { readKnownStreams, readRowAt, reopen, type KnownStream } from './rows.js';
import type { RelaySession } from './session.js';

const log = getLogger('outbox');
const republished = meter('causeway.messaging').counter(instruments.outboxRepublished, {
  description: 'Messages published again because their stream lost them',
  unit: '{message}',
});

/**
 * Compares what the outbox has published with what the broker still holds, and makes lost rows pending again.
 *
 * - Recreated: the stream has another creation time. Everything that was published to the old one is lost.
 * - Regressed: the stream ends before our newest message, or holds another message in its place, because it lost its
 *   end and has grown since. Our messages are in their place up to some sequence; bisection finds it.
 *
 * @param streams Names of the streams. All of them must exist.
 * @returns The creation time of each stream.
 */
export async function sweep(
  session: RelaySession,
  jsm: JetStreamManager,
  streams: readonly string[],
): Promise<Map<string, string>> {
  const infos = new Map<string, StreamInfo>();
  for (const stream of streams) infos.set(stream, await jsm.streams.info(stream));
  const created = new Map([...infos].map(([stream, info]) => [stream, info.created]));
  for (const known of await readKnownStreams(session, created)) {
    const info = infos.get(known.stream)!;
    if (!known.same) await republish(session, info, undefined, 'recreated');
    else if (!(await isInPlace(jsm, info, known.lastSequence, known.lastId))) {
      await republish(session, info, await firstLost(session, jsm, info, known), 'regressed');
    }
  }
  return created;
}

/**
 * Makes rows pending again and logs how many.
 * @param lostFrom Sequence of the first lost message. Undefined: only rows that went to an earlier stream of that name.
 * @param before   Rows published later are not lost.
 */
export async function republish(
  session: RelaySession,
  info: Pick<StreamInfo, 'created'> & { readonly config: { readonly name: string } },
  lostFrom: number | undefined,
  why: 'recreated' | 'regressed',
  before?: Date,
): Promise<void> {
  const stream = info.config.name;
  const count = await reopen(session, { stream, createdAt: info.created, lostFrom, ...(before && { before }) });
  republished.add(count, { 'messaging.nats.stream': stream });
  log.warn({ stream, count, why }, 'the broker lost messages; publishing them again');
}

/** A message that has aged out of the stream, or was deleted on purpose, counts as in its place. */
async function isInPlace(jsm: JetStreamManager, info: StreamInfo, sequence: number, id: string): Promise<boolean> {
  if (sequence < info.state.first_seq) return true;
  if (sequence > info.state.last_seq) return false;
  const stored = await jsm.streams.getMessage(info.config.name, { seq: sequence });
  return !stored || stored.header.get(natsHeaders.messageId) === id;
}

/**
 * The sequence from which on all our messages are lost. About 20 probes for a million messages, each of which scans the
 * table: an index would cost every insert, for something that hardly ever happens.
 */
async function firstLost(
  session: RelaySession,
  jsm: JetStreamManager,
  info: StreamInfo,
  known: KnownStream,
): Promise<number> {
  let low = info.state.first_seq;
  let lost = known.lastSequence;
  while (low < lost) {
    const middle = Math.floor((low + lost) / 2);
    const row = await readRowAt(session, known.stream, middle);
    if (row && (await isInPlace(jsm, info, row.sequence, row.id))) low = row.sequence + 1;
    else lost = middle;
  }
  return lost;
}
