import type { RelaySession } from './session.js';

/** A row to publish. */
export interface PendingRow {
  readonly id: string;
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly subject: string;
  readonly envelope: string;
  readonly traceparent: string | null;
}

export interface Published {
  readonly id: string;
  readonly stream: string;
  readonly sequence: number;
  /** The creation time of the stream, as the server gives it. */
  readonly streamCreatedAt: string;
}

/** Owners and aggregates that back off, because publishing for them has just failed. */
export interface Blocked {
  readonly types: readonly string[];
  readonly aggregates: readonly string[];
}

/**
 * Reads the oldest pending rows, up to `limit` per held partition. One query for all: an idle relay sends four a
 * second.
 */
export async function readPending(session: RelaySession, limit: number, blocked: Blocked): Promise<PendingRow[]> {
  const { rows } = await session.query<PendingRow>(
    `SELECT r.id, r.aggregate_type, r.aggregate_id, r.subject, r.envelope::text AS envelope, r.traceparent
       FROM unnest($1::smallint[]) AS held(partition)
      CROSS JOIN LATERAL (
        SELECT * FROM causeway.outbox o
         WHERE o.status = 'pending' AND o.partition = held.partition
           AND o.aggregate_type <> ALL ($3::text[]) AND o.aggregate_id <> ALL ($4::text[])
         ORDER BY o.position LIMIT $2) r
      ORDER BY r.position`,
    [[...session.held], limit, blocked.types, blocked.aggregates],
  );
  return rows;
}

/** Marks rows as published and records the newest message of each stream, in one statement. */
export async function markPublished(session: RelaySession, done: readonly Published[]): Promise<void> {
  if (done.length === 0) return;
  await session.query(
    `WITH done AS (
       SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::timestamptz[]) AS d(id, stream, seq, created_at)
     ), marked AS (
       UPDATE causeway.outbox o
          SET status = 'published', published_at = clock_timestamp(),
              stream = done.stream, stream_seq = done.seq, stream_created_at = done.created_at
         FROM done WHERE o.id = done.id
     )
     INSERT INTO causeway.outbox_stream AS known (stream, stream_created_at, last_seq, last_id)
     SELECT DISTINCT ON (stream) stream, created_at, seq, id FROM done ORDER BY stream, seq DESC
     ON CONFLICT (stream) DO UPDATE
        SET stream_created_at = excluded.stream_created_at, last_seq = excluded.last_seq, last_id = excluded.last_id
      WHERE excluded.last_seq > known.last_seq OR excluded.stream_created_at <> known.stream_created_at`,
    [
      done.map(({ id }) => id),
      done.map(({ stream }) => stream),
      done.map(({ sequence }) => sequence),
      done.map(({ streamCreatedAt }) => streamCreatedAt),
    ],
  );
}

/** What waits in the outbox of a service, over all partitions. */
export interface Backlog {
  /** Pending rows; larger backlogs than {@link countedRows} count as that many. */
  readonly pending: number;
  /** Seconds since the oldest pending row was added; 0 when there is none. */
  readonly oldestAgeSeconds: number;
}

/** Counting so many rows takes 12 ms. More tell an operator nothing new. */
const countedRows = 100_000;

export async function readBacklog(session: RelaySession): Promise<Backlog> {
  const { rows } = await session.query<{ pending: string; age: string | null }>(
    `SELECT (SELECT count(*) FROM (SELECT FROM causeway.outbox WHERE status = 'pending' LIMIT $1) counted) AS pending,
            extract(epoch FROM clock_timestamp() - min(r.created_at)) AS age
       FROM generate_series(0, 3) AS all_partitions(partition)
      CROSS JOIN LATERAL (
        SELECT created_at FROM causeway.outbox o
         WHERE o.status = 'pending' AND o.partition = all_partitions.partition::smallint
         ORDER BY o.position LIMIT 1) r`,
    [countedRows],
  );
  const { pending, age } = rows[0]!;
  return { pending: Number(pending), oldestAgeSeconds: Math.max(0, Number(age ?? 0)) };
}

/**
 * Deletes published rows that are older than the retention, 5 000 per statement so that none runs long.
 * @returns How many rows were deleted.
 */
export async function purgePublished(session: RelaySession, retentionHours: number, batch = 5_000): Promise<number> {
  let purged = 0;
  for (;;) {
    const { rowCount } = await session.query(
      `DELETE FROM causeway.outbox WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM causeway.outbox
          WHERE published_at < clock_timestamp() - make_interval(hours => $1) AND status = 'published' LIMIT $2))`,
      [retentionHours, batch],
    );
    purged += rowCount ?? 0;
    if ((rowCount ?? 0) < batch) return purged;
  }
}

/** Our newest message in a stream. `int8` comes as a string from `pg`; sequences stay below 2^53. */
export interface KnownStream {
  readonly stream: string;
  /** Whether the server still has the stream that our rows went to, rather than a new one of the same name. */
  readonly same: boolean;
  readonly lastSequence: number;
  readonly lastId: string;
}

/** @param created The creation time of each stream, as the server has it now. */
export async function readKnownStreams(
  session: RelaySession,
  created: ReadonlyMap<string, string>,
): Promise<KnownStream[]> {
  const { rows } = await session.query<{ stream: string; same: boolean; last_seq: string; last_id: string }>(
    `SELECT k.stream, k.stream_created_at = now.created_at AS same, k.last_seq, k.last_id
       FROM causeway.outbox_stream k
       JOIN unnest($1::text[], $2::timestamptz[]) AS now(stream, created_at) USING (stream)`,
    [[...created.keys()], [...created.values()]],
  );
  return rows.map(({ stream, same, last_seq, last_id }) => ({
    stream,
    same,
    lastSequence: Number(last_seq),
    lastId: last_id,
  }));
}

/** The first of our rows at or after `sequence` in a stream. */
export async function readRowAt(
  session: RelaySession,
  stream: string,
  sequence: number,
): Promise<{ id: string; sequence: number } | undefined> {
  const { rows } = await session.query<{ id: string; stream_seq: string }>(
    `SELECT id, stream_seq FROM causeway.outbox
      WHERE status = 'published' AND stream = $1 AND stream_seq >= $2 ORDER BY stream_seq LIMIT 1`,
    [stream, sequence],
  );
  return rows[0] && { id: rows[0].id, sequence: Number(rows[0].stream_seq) };
}

/**
 * Makes rows of a stream pending again: those that went to an earlier stream of the same name, and those from sequence
 * `lostFrom` on, unless they were published after `before`.
 * @returns How many.
 */
export async function reopen(
  session: RelaySession,
  lost: { stream: string; createdAt: string; lostFrom: number | undefined; before?: Date },
): Promise<number> {
  const { rows } = await session.query<{ reopened: string }>(
    `WITH reopened AS (
       UPDATE causeway.outbox
          SET status = 'pending', published_at = NULL, stream = NULL, stream_seq = NULL, stream_created_at = NULL
        WHERE status = 'published' AND stream = $1
          AND (stream_created_at <> $2::timestamptz OR stream_seq >= $3::bigint)
          AND published_at < coalesce($4::timestamptz, 'infinity')
       RETURNING id
     ), forgotten AS (DELETE FROM causeway.outbox_stream WHERE stream = $1)
     SELECT count(*) AS reopened FROM reopened`,
    [lost.stream, lost.createdAt, lost.lostFrom ?? null, lost.before ?? null],
  );
  return Number(rows[0]?.reopened ?? 0);
}
