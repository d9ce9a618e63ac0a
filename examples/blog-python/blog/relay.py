"""The outbox: messages are rows of the transaction that decides on them, and are published afterwards.

The tables and functions are those of libs/messaging. Four partitions, each behind an advisory lock that only one
instance holds; within an aggregate one message after the other; the row's id is the `Nats-Msg-Id`, so that a message
that is published twice is stored once. After a reconnect, outbox and stream are compared first: what a broker has lost
is published again.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import psycopg
from psycopg.rows import dict_row

from .database import Transaction
from .envelope import build
from .logs import Logger
from .metrics import Metrics
from .nats import ApiError, Connection, JetStream, NatsError
from .session import session_options
from .tracing import Tracer

_log = Logger("outbox")
#: First key of the advisory locks, "cway" in ASCII; the second is the partition.
_lock_class = 0x63_77_61_79
_partitions = (0, 1, 2, 3)
_batch = 512
_retry_seconds = (0.25, 10.0)


def add(tx: Transaction, kind: str, aggregate: str, data: dict[str, Any]) -> str:
    """Adds a message to the transaction: it is published if, and only if, that commits. :returns: its id."""
    envelope = build(kind, aggregate, data)
    tx.execute("SELECT causeway.add_outbox(%s::jsonb)", (json.dumps(envelope, ensure_ascii=False),))
    return str(envelope["id"])


class _BrokerAway(Exception):
    """The rest of the batch waits."""


class Relay:
    """One thread with a connection of its own, which holds the locks: who loses it has lost them, too.

    :param poll: seconds between two looks without being woken.
    :param retention_hours: how long published rows are kept.
    """

    def __init__(
        self,
        url: str,
        connection: Connection,
        stream: str,
        tracer: Tracer,
        metrics: Metrics,
        poll: float = 5.0,
        retention_hours: int = 168,
    ) -> None:
        self._url = url
        self._nc = connection
        self._js = JetStream(connection)
        self._stream = stream
        self._tracer = tracer
        self._metrics = metrics
        self._poll = poll
        self._retention_hours = retention_hours
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._compare = True
        self._created = ""
        self._held: list[int] = []
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """After a commit: publish now."""
        self._wake.set()

    def reconnected(self) -> None:
        """The broker may have lost something: compare before the next message."""
        self._compare = True
        self._wake.set()

    def stop(self, timeout: float = 10.0) -> None:
        """Publishes what is committed by now, then frees the partitions for other instances."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout)

    # ------------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        warned = False
        while True:
            try:
                # The server cancels a statement after 10 s: a lock that somebody else holds must not stop the relay.
                with psycopg.connect(
                    self._url,
                    autocommit=True,
                    row_factory=dict_row,
                    connect_timeout=2,
                    application_name="causeway outbox relay",
                    options=session_options(statement_timeout=10_000),
                ) as db:
                    warned = False
                    self._held = []
                    self._relay(db)
                    return
            except psycopg.Error as error:
                if not warned:
                    _log.warn("outbox relay cannot reach its database; retrying every 0.5 s", reason=str(error))
                warned = True
            if self._stopping.wait(0.5):
                return

    def _relay(self, db: psycopg.Connection[dict[str, Any]]) -> None:
        due = {"locks": 0.0, "backlog": 0.0, "purge": time.monotonic() + 60}

        def is_due(task: str, every: float) -> bool:
            if time.monotonic() < due[task]:
                return False
            due[task] = time.monotonic() + every
            return True

        while True:
            last = self._stopping.is_set()
            self._wake.clear()
            if len(self._held) < len(_partitions) and is_due("locks", 1):
                self._take_locks(db)
            if is_due("backlog", 5):
                self._read_backlog(db)
            if 0 in self._held and is_due("purge", 3_600):
                self._purge(db)
            published = self._publish_batch(db) if self._held and self._nc.connected else 0
            if last:
                return
            if published < _batch:
                wait = min(self._poll, 1 if len(self._held) < len(_partitions) else 5)
                self._wake.wait(min(wait, self._pause()) if self._failures or self._compare else wait)

    def _pause(self) -> float:
        shortest, longest = _retry_seconds
        return min(longest, shortest * 2.0 ** min(self._failures, 8))

    def _take_locks(self, db: psycopg.Connection[dict[str, Any]]) -> None:
        wanted = [partition for partition in _partitions if partition not in self._held]
        rows = db.execute(
            "SELECT partition FROM unnest(%s::int[]) AS wanted(partition) WHERE pg_try_advisory_lock(%s, partition)",
            (wanted, _lock_class),
        ).fetchall()
        self._held.extend(row["partition"] for row in rows)
        if rows:
            _log.info("relaying these partitions of the outbox", partitions=sorted(self._held))

    def _publish_batch(self, db: psycopg.Connection[dict[str, Any]]) -> int:
        try:
            if self._compare:
                self._compare_with_stream(db)
                self._compare = False
        except NatsError as error:
            self._failures += 1
            _log.warn(
                "cannot compare the outbox with the streams yet; publishing nothing until then", reason=str(error)
            )
            return 0
        rows = db.execute(
            """SELECT id::text AS id, aggregate_id, subject, envelope::text AS envelope, traceparent
                 FROM causeway.outbox WHERE status = 'pending' AND partition = ANY (%s::smallint[])
                ORDER BY position LIMIT %s""",
            (self._held, _batch),
        ).fetchall()
        blocked: set[str] = set()
        count = 0
        for row in rows:
            # To skip one message of an aggregate would break the order of the others.
            if row["aggregate_id"] in blocked:
                continue
            try:
                self._publish(db, row)
                count += 1
            except _BrokerAway:
                break
            except ApiError:
                blocked.add(row["aggregate_id"])
        self._failures = self._failures + 1 if rows and count == 0 else 0
        return count

    def _publish(self, db: psycopg.Connection[dict[str, Any]], row: dict[str, Any]) -> None:
        subject = row["subject"]
        attributes: dict[str, object] = {
            "messaging.system": "nats",
            "messaging.operation.name": "publish",
            "messaging.operation.type": "send",
            "messaging.destination.name": subject,
            "messaging.message.id": row["id"],
        }
        try:
            with self._tracer.span(f"publish {subject}", "producer", row["traceparent"], attributes) as span:
                headers = {"traceparent": span.traceparent}
                ack = self._js.publish(subject, row["envelope"].encode(), row["id"], self._stream, headers)
        except NatsError as error:
            refused = isinstance(error, ApiError) and not error.retryable
            (_log.error if refused else _log.warn)(
                "broker refused a message; retrying it, and holding back later ones of its aggregate"
                if refused
                else "publishing a message failed; it stays in the outbox and is retried within 10 s",
                messageId=row["id"],
                subject=subject,
                reason=str(error),
            )
            if refused:
                raise
            raise _BrokerAway from error
        self._metrics.published.labels(subject).inc()
        db.execute(
            """WITH marked AS (
                 UPDATE causeway.outbox SET status = 'published', published_at = clock_timestamp(),
                        stream = %(stream)s, stream_seq = %(seq)s, stream_created_at = %(created)s::timestamptz
                  WHERE id = %(id)s::uuid
               )
               INSERT INTO causeway.outbox_stream AS known (stream, stream_created_at, last_seq, last_id)
               VALUES (%(stream)s, %(created)s::timestamptz, %(seq)s, %(id)s::uuid)
               ON CONFLICT (stream) DO UPDATE
                  SET stream_created_at = excluded.stream_created_at, last_seq = excluded.last_seq,
                      last_id = excluded.last_id
                WHERE excluded.last_seq > known.last_seq OR excluded.stream_created_at <> known.stream_created_at""",
            {"id": row["id"], "stream": ack.stream, "seq": ack.sequence, "created": self._created},
        )

    def _compare_with_stream(self, db: psycopg.Connection[dict[str, Any]]) -> None:
        """Makes pending again what a recreated stream, or one that lost its end, no longer has."""
        info = self._js.api(f"STREAM.INFO.{self._stream}")
        state = info["state"]
        assert isinstance(state, dict)
        self._created = str(info["created"])
        lost = db.execute(
            """WITH known AS (SELECT * FROM causeway.outbox_stream WHERE stream = %(stream)s), lost AS (
                 UPDATE causeway.outbox o
                    SET status = 'pending', published_at = NULL, stream = NULL, stream_seq = NULL,
                        stream_created_at = NULL
                   FROM known
                  WHERE o.status = 'published' AND o.stream = known.stream
                    AND (o.stream_created_at <> %(created)s::timestamptz OR o.stream_seq > %(last)s)
                 RETURNING o.id
               ), forgotten AS (
                 DELETE FROM causeway.outbox_stream k USING known
                  WHERE k.stream = known.stream
                    AND (known.stream_created_at <> %(created)s::timestamptz OR known.last_seq > %(last)s)
               )
               SELECT count(*) AS count FROM lost""",
            {"stream": self._stream, "created": self._created, "last": int(state["last_seq"])},
        ).fetchone()
        count = int(lost["count"]) if lost is not None else 0
        if count > 0:
            self._metrics.republished.labels(self._stream).inc(count)
            _log.warn("the broker lost messages; publishing them again", stream=self._stream, count=count)

    def _read_backlog(self, db: psycopg.Connection[dict[str, Any]]) -> None:
        row = db.execute(
            """SELECT count(*) AS pending, extract(epoch FROM clock_timestamp() - min(created_at)) AS age
                 FROM causeway.outbox WHERE status = 'pending'"""
        ).fetchone()
        if row is not None:
            self._metrics.pending.set(row["pending"])
            self._metrics.oldest.set(max(0.0, float(row["age"] or 0)))

    def _purge(self, db: psycopg.Connection[dict[str, Any]]) -> None:
        """Old rows of outbox, inbox and idempotency keys, 5 000 at a time."""
        purges = (
            ("outbox", "published_at", f"status = 'published' AND ", self._retention_hours),
            # Longer than a message stays in its stream: afterwards nothing can be delivered again.
            ("inbox", "handled_at", "", 30 * 24),
            ("idempotency", "created_at", "", 24),
        )
        for table, column, condition, hours in purges:
            deleted = 5_000
            while deleted >= 5_000 and not self._stopping.is_set():
                deleted = db.execute(
                    f"""DELETE FROM causeway.{table} WHERE ctid = ANY (ARRAY(
                          SELECT ctid FROM causeway.{table}
                           WHERE {condition}{column} < clock_timestamp() - make_interval(hours => %s) LIMIT 5000))""",
                    (hours,),
                ).rowcount
