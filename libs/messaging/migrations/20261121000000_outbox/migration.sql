-- Messages that were decided on but may not be on the broker yet. A row is written in the transaction of the change that it
-- announces; the relay publishes it afterwards.
CREATE SCHEMA IF NOT EXISTS causeway;

CREATE TABLE causeway.outbox (
  id                uuid PRIMARY KEY,
  -- Order of insertion. Two transactions may commit the other way round, so nobody may remember "read up to position n";
  -- but within an aggregate it follows agg_seq, because add_outbox holds the aggregate's lock until the transaction ends.
  position          bigint GENERATED ALWAYS AS IDENTITY,
  aggregate_type    text NOT NULL,
  aggregate_id      text NOT NULL,
  agg_seq           bigint NOT NULL,
  subject           text NOT NULL,
  envelope          jsonb NOT NULL,
  traceparent       text,
  created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  status            text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'published')),
  published_at      timestamptz,
  stream            text,
  stream_seq        bigint,
  stream_created_at timestamptz,
  partition         smallint NOT NULL GENERATED ALWAYS AS (hashtext(aggregate_id) & 3) STORED,
  UNIQUE (aggregate_type, aggregate_id, agg_seq)
);

CREATE INDEX outbox_pending ON causeway.outbox (partition, position) WHERE status = 'pending';
-- For the purge. A B-tree here would cost every message; rows are published roughly in the order they lie on disk.
CREATE INDEX outbox_published_at ON causeway.outbox USING brin (published_at) WITH (autosummarize = on);

-- The newest message of ours in each stream: enough to notice that a stream was recreated or has lost its end.
CREATE TABLE causeway.outbox_stream (
  stream            text PRIMARY KEY,
  stream_created_at timestamptz NOT NULL,
  last_seq          bigint NOT NULL,
  last_id           uuid NOT NULL
);

-- Adds one message, given as the complete CloudEvents envelope; its `type` is the subject, its `subject` the aggregate.
-- For TypeScript (class Outbox) and for a service's own plpgsql functions alike.
CREATE FUNCTION causeway.add_outbox(message jsonb) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
  kind text := split_part(message ->> 'type', '.', 1);
  aggregate text := message ->> 'subject';
  next_seq bigint;
BEGIN
  -- Callers usually hold a lock on the aggregate's row already; this one makes the sequence right where they don't.
  PERFORM pg_advisory_xact_lock(hashtextextended('causeway.outbox:' || kind || ':' || aggregate, 0));
  -- A statement of its own: its snapshot is taken after the lock was granted.
  SELECT coalesce(max(agg_seq), 0) + 1 INTO next_seq
    FROM causeway.outbox WHERE aggregate_type = kind AND aggregate_id = aggregate;
  INSERT INTO causeway.outbox (id, aggregate_type, aggregate_id, agg_seq, subject, envelope, traceparent)
    VALUES ((message ->> 'id')::uuid, kind, aggregate, next_seq, message ->> 'type', message, message ->> 'traceparent');
  RETURN (message ->> 'id')::uuid;
END $$;
