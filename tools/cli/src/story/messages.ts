import { consumers, durableName } from '@causeway/contracts';
import type { ServiceName } from '@causeway/system';
import { ago } from '../output/duration.js';
import type { Query } from '../target/read-database.js';
import { traceIdOf, type StoryEvent, type StoryPart } from './story.js';

interface OutboxEntry extends Record<string, unknown> {
  readonly id: string;
  readonly subject: string;
  readonly created_at: Date;
  readonly published_at: Date | null;
  readonly stream: string | null;
  readonly stream_seq: string | null;
  readonly traceparent: string | null;
}

/** A message of the story, known by its id in every service. */
export interface StoryMessage {
  readonly id: string;
  readonly subject: string;
}

/** What a message can be recognised by. */
export interface StoryMarks {
  /** Ids of what the story is about. */
  readonly aggregates: readonly string[];
  /** Trace ids: whatever follows from a message carries on its trace. */
  readonly traces: readonly string[];
  /**
   * When the messages can have been published. Nothing indexes published rows by their aggregate, since only people ask
   * for it; their time of publication is indexed, and keeps the search to what came after the order.
   */
  readonly from: Date;
  readonly to: Date;
}

/** The messages of a story that a service has decided on. */
export async function sentMessages(
  query: Query,
  by: ServiceName,
  { aggregates, traces, from, to }: StoryMarks,
): Promise<StoryPart & { readonly messages: readonly StoryMessage[] }> {
  const rows = await query<OutboxEntry>(
    `SELECT id, subject, created_at, published_at, stream, stream_seq, traceparent FROM causeway.outbox
      WHERE (aggregate_id = ANY ($1) OR split_part(traceparent, '-', 2) = ANY ($4))
        AND (status = 'pending' OR published_at BETWEEN $2 AND $3) ORDER BY position`,
    [aggregates, from, to, traces],
  );
  const unsent = rows.filter(({ published_at }) => published_at === null);
  return {
    messages: rows.map(({ id, subject }) => ({ id, subject })),
    events: rows.map((row) => ({
      at: row.created_at,
      by,
      what: `sends ${row.subject}: ${whereabouts(row)}`,
      traceId: traceIdOf(row.traceparent),
    })),
    now: [],
    open: unsent.map(({ subject, created_at }) => `${by} has not published ${subject} since ${ago(created_at)}`),
  };
}

const whereabouts = ({ created_at, published_at, stream, stream_seq }: OutboxEntry): string =>
  published_at === null
    ? 'NOT PUBLISHED YET'
    : `published after ${published_at.getTime() - created_at.getTime()} ms (${stream} ${stream_seq})`;

/** Which of the messages the consumers of a service have handled. */
export async function handledMessages(
  query: Query,
  by: ServiceName,
  messages: readonly StoryMessage[],
): Promise<StoryEvent[]> {
  const own = consumers.filter(({ service }) => service === by);
  const rows = await query<{ consumer: string; message_id: string; handled_at: Date }>(
    'SELECT consumer, message_id, handled_at FROM causeway.inbox WHERE consumer = ANY ($1) AND message_id = ANY ($2)',
    [own.map(durableName), messages.map(({ id }) => id)],
  );
  return rows.map(({ message_id, handled_at }) => ({
    at: handled_at,
    by,
    what: `has handled ${messages.find(({ id }) => id === message_id)?.subject ?? message_id}`,
  }));
}
