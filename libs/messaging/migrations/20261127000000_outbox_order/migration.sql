-- Messages of an aggregate are published in the order of `position`, which is drawn under the aggregate's lock. `agg_seq` numbered them a
-- second time, for an index and a query on every insert (docs/decisions/0030-outbox-order.md). The column stays until no instance of an
-- earlier release is left; they call this function and do not read it.
ALTER TABLE causeway.outbox
  ALTER COLUMN agg_seq DROP NOT NULL,
  DROP CONSTRAINT outbox_aggregate_type_aggregate_id_agg_seq_key;

CREATE OR REPLACE FUNCTION causeway.add_outbox(message jsonb) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
  kind text := split_part(message ->> 'type', '.', 1);
  aggregate text := message ->> 'subject';
BEGIN
  -- Callers usually hold a lock on the aggregate's row already; this one makes the order right where they don't.
  PERFORM pg_advisory_xact_lock(hashtextextended('causeway.outbox:' || kind || ':' || aggregate, 0));
  INSERT INTO causeway.outbox (id, aggregate_type, aggregate_id, subject, envelope, traceparent)
    VALUES ((message ->> 'id')::uuid, kind, aggregate, message ->> 'type', message, message ->> 'traceparent');
  RETURN (message ->> 'id')::uuid;
END $$;
