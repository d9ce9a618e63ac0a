-- Tables of @causeway/persistence. They live in a schema of their own, so that Prisma, which looks after `public`, does not see them.

-- Messages that a consumer has handled. The primary key is the guarantee that an effect happens once: the row is inserted in the
-- effect's transaction.
CREATE TABLE causeway.inbox (
  consumer    text        NOT NULL,
  message_id  text        NOT NULL,
  handled_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer, message_id)
);
CREATE INDEX inbox_handled_at ON causeway.inbox (handled_at);

-- First answers of requests with an Idempotency-Key.
CREATE TABLE causeway.idempotency (
  subject     text        NOT NULL,
  route       text        NOT NULL,
  key         text        NOT NULL,
  fingerprint text        NOT NULL,
  status      smallint    NOT NULL CHECK (status BETWEEN 200 AND 499),
  headers     jsonb       NOT NULL DEFAULT '{}',
  body        jsonb       NOT NULL DEFAULT 'null',
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (subject, route, key)
);
CREATE INDEX idempotency_created_at ON causeway.idempotency (created_at);

-- Begins a request with an Idempotency-Key, in the transaction that will do its work.
--   outcome 'new'        go on, and call complete_idempotent in the same transaction
--           'in_flight'  another transaction is working on it now
--           'reused'     the key was used with another request
--           'replay'     status, headers and body are the first answer
-- VOLATILE matters: each statement below sees what was committed before it began. In one statement the row would be looked up with a
-- snapshot taken before the lock was granted, and a request that has just been answered would be done again.
CREATE FUNCTION causeway.begin_idempotent(
  p_subject text, p_route text, p_key text, p_fingerprint text,
  OUT outcome text, OUT status smallint, OUT headers jsonb, OUT body jsonb
) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  stored causeway.idempotency%ROWTYPE;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended(p_subject || E'\x1f' || p_route || E'\x1f' || p_key, 7361)) THEN
    outcome := 'in_flight';
    RETURN;
  END IF;
  SELECT * INTO stored FROM causeway.idempotency i
    WHERE i.subject = p_subject AND i.route = p_route AND i.key = p_key;
  IF NOT FOUND THEN
    outcome := 'new';
  ELSIF stored.fingerprint <> p_fingerprint THEN
    outcome := 'reused';
  ELSE
    outcome := 'replay';
    status := stored.status;
    headers := stored.headers;
    body := stored.body;
  END IF;
END $$;

-- Stores the first answer. Never a 5xx: those are tried again.
CREATE FUNCTION causeway.complete_idempotent(
  p_subject text, p_route text, p_key text, p_fingerprint text, p_status integer, p_headers jsonb, p_body jsonb
) RETURNS void LANGUAGE sql VOLATILE AS $$
  INSERT INTO causeway.idempotency (subject, route, key, fingerprint, status, headers, body)
  VALUES (p_subject, p_route, p_key, p_fingerprint, p_status, coalesce(p_headers, '{}'), coalesce(p_body, 'null'));
$$;
