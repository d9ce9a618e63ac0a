-- Security events of a service: who signed in, was refused, changed a password, a role or a key (docs/decisions/0055). Rows are added
-- and read, and nothing else. No personal data: ids, and of an address only its network.
CREATE TABLE causeway.security_events (
  id        uuid        PRIMARY KEY DEFAULT uuidv7(),
  at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  type      text        NOT NULL,
  outcome   text        NOT NULL CHECK (outcome IN ('success', 'failure', 'denied')),
  actor     text        CHECK (length(actor) <= 200),
  subject   text        CHECK (length(subject) <= 200),
  client_id text        CHECK (length(client_id) <= 200),
  network   cidr,
  trace_id  text,
  details   jsonb       NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(details) = 'object' AND length(details::text) <= 4000)
);
CREATE INDEX security_events_at ON causeway.security_events (at);
CREATE INDEX security_events_subject ON causeway.security_events (subject, at) WHERE subject IS NOT NULL;

-- How long a row is kept: as long as the stream AUDIT keeps what operators did. To keep rows longer or shorter, replace the function in
-- a migration, and call append_only again.
CREATE FUNCTION causeway.security_event_retention() RETURNS interval LANGUAGE sql IMMUTABLE
AS $$ SELECT interval '400 days' $$;

SELECT causeway.append_only('causeway.security_events', causeway.security_event_retention());

-- Deletes rows that are old enough, as the owner: the service that calls it needs no right to delete.
CREATE FUNCTION causeway.purge_security_events(p_limit integer) RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH old AS (
    SELECT e.id FROM causeway.security_events e
    WHERE e.at < now() - causeway.security_event_retention() ORDER BY e.at LIMIT p_limit FOR UPDATE SKIP LOCKED
  ), deleted AS (
    DELETE FROM causeway.security_events e USING old WHERE e.id = old.id RETURNING 1
  )
  SELECT count(*)::integer FROM deleted;
$$;
