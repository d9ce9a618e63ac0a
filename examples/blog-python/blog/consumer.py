"""Handles the messages of one durable consumer, by the rules of libs/messaging/src/consume/processor.ts.

- **ack** only after the handler has returned: everything that it did is committed by then.
- **nak with a delay** when it failed and a retry can help.
- **term** only after the dead letter is stored: no retry can help, or the attempts are used up.
- Our own database is away: the message is held here, and the attempt does not count.

A message may be handled twice and is never lost; the inbox makes the second time harmless.
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from hashlib import sha256
from typing import Callable

from .database import Database, Transaction
from .deadline import Deadline, within
from .envelope import Event, parse, readable_id
from .ids import timestamp
from .logs import Logger
from .metrics import Metrics
from .nats import Connection, JetStream, Message, NatsError, PullConsumer, delivery_of
from .problems import CodedError
from .tracing import Tracer

_log = Logger("messaging")
Handler = Callable[[Transaction, Event], None]

#: The limits of every consumer of the system (libs/messaging/src/consume/limits.ts).
ACK_WAIT_SECONDS = 30
_handler_seconds = 20
_prefetch = 32
_max_attempts = 8
_abandon_at = 13
_longest_header = 2_000


def durable_name(service: str, subject: str) -> str:
    return f"{service}__{subject.replace('.', '-')}"


def full_jitter(attempt: int, base: float, cap: float) -> float:
    """Seconds before the next attempt. :param attempt: 1 for the first that failed."""
    return random.random() * min(cap, base * 2.0 ** min(attempt - 1, 30))


def run_once(tx: Transaction, consumer: str, event: Event, handler: Handler) -> bool:
    """The inbox row and the effect are one transaction. :returns: False for a message that was handled before."""
    rows = tx.execute(
        "INSERT INTO causeway.inbox (consumer, message_id) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING 1 AS new",
        (consumer, event.id),
    )
    if not rows:
        return False
    handler(tx, event)
    return True


class Consumer:
    """:param slots: messages that are handled at a time."""

    def __init__(
        self,
        connection: Connection,
        database: Database,
        tracer: Tracer,
        metrics: Metrics,
        service: str,
        stream: str,
        subject: str,
        handler: Handler,
        slots: int,
    ) -> None:
        self._nc = connection
        self._js = JetStream(connection)
        self._database = database
        self._tracer = tracer
        self._metrics = metrics
        self._stream = stream
        self._subject = subject
        self._handler = handler
        self.durable = durable_name(service, subject)
        self._slots = slots
        self._free = threading.Semaphore(slots)
        self._workers = ThreadPoolExecutor(slots, thread_name_prefix="message")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="consumer", daemon=True)

    def wait_until_provisioned(self, stopped: threading.Event) -> None:
        """Waits for the durable consumer: only the provisioning step creates streams and consumers."""
        warned_at = float("-inf")
        while not stopped.is_set():
            try:
                self._js.api(f"CONSUMER.INFO.{self._stream}.{self.durable}")
                return
            except NatsError as error:
                if time.monotonic() - warned_at > 5:
                    _log.warn("waiting for JetStream streams and consumers", consumer=self.durable, reason=str(error))
                    warned_at = time.monotonic()
            stopped.wait(0.25)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Pulls nothing more, hands back what no handler has seen, and waits for the handlers. Seconds."""
        self._stopping.set()
        self._thread.join(timeout)
        self._workers.shutdown(wait=True)

    # ------------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._pull()
            except NatsError as error:
                if self._stopping.is_set():
                    return
                _log.warn("pulling messages failed; retrying in 1 s", consumer=self.durable, reason=str(error))
                self._stopping.wait(1)

    def _pull(self) -> None:
        source = PullConsumer(self._nc, self._stream, self.durable)
        unseen: list[Message] = []
        try:
            while not self._stopping.is_set():
                for message in source.pull(min(_prefetch, self._slots), 5, self._stopping):
                    if self._take_slot(message):
                        self._workers.submit(self._process_and_release, message)
                    else:
                        unseen.append(message)
        finally:
            try:
                unseen += source.stop()
                if self._stopping.is_set():
                    # The server notices now that nobody pulls any more. A message that is handed back earlier would be
                    # sent to the old pull, and come again only after its ack_wait (nats-server before 2.10.16).
                    self._js.api(f"CONSUMER.INFO.{self._stream}.{self.durable}")
                for message in unseen:
                    self._js.nak(message)
            except NatsError:
                pass  # the broker redelivers them after their ack_wait

    def _take_slot(self, message: Message) -> bool:
        """Waits for a free worker, and asks for more time meanwhile. :returns: False when the instance stops."""
        waited = 0.0
        while not self._free.acquire(timeout=0.25):
            waited += 0.25
            if self._stopping.is_set():
                return False
            if waited >= ACK_WAIT_SECONDS / 3:
                waited = 0.0
                self._js.working(message)
        return True

    def _process_and_release(self, message: Message) -> None:
        try:
            self.process(message)
        except NatsError as error:
            # Not acknowledged: the broker delivers it again, and the inbox knows whether it was handled.
            _log.warn("a message could not be acknowledged", consumer=self.durable, reason=str(error))
        except Exception as error:  # noqa: BLE001 - the thread of a pool swallows what nobody logs
            _log.error("unexpected error while handling a message", consumer=self.durable, err=error)
        finally:
            self._free.release()

    def process(self, message: Message) -> None:
        """Takes one delivered message to its end."""
        delivery = delivery_of(message)
        began = time.monotonic()
        attributes: dict[str, object] = {
            "messaging.system": "nats",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": self._subject,
            "messaging.consumer.group.name": self.durable,
            "messaging.nats.delivery_count": delivery.attempt,
            "messaging.nats.stream_seq": delivery.sequence,
        }
        error_type = ""
        message_id = f"{delivery.stream}:{delivery.sequence}"
        trace = message.headers.get("traceparent")
        with self._tracer.span(f"process {self._subject}", "consumer", trace, attributes) as span:
            try:
                message_id = readable_id(message.data) or message_id
                event = parse(self._subject, message.data)
                span.attributes["messaging.message.id"] = event.id
                if delivery.attempt >= _abandon_at:
                    raise CodedError(
                        "MESSAGE_ABANDONED",
                        f"delivered {delivery.attempt} times without an outcome",
                        "Look for what ended the handler, then replay the dead letter.",
                    )
                self._note_age(event)
                self._handle(message, event)
                self._js.ack(message)
            except NatsError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a handler throws decides what happens to the message
                error_type = error.code if isinstance(error, CodedError) else type(error).__name__
                span.error = error_type
                self._end_failed(message, message_id, error, delivery.attempt)
        self._metrics.processed.labels(self._subject, self.durable, error_type).observe(time.monotonic() - began)

    def _note_age(self, event: Event) -> None:
        sent = datetime.fromisoformat(event.time)
        age = (datetime.now(timezone.utc) - sent).total_seconds()
        self._metrics.age.labels(self._subject, self.durable).observe(max(0.0, age))

    def _handle(self, message: Message, event: Event) -> None:
        """Runs the handler, again and again while all it lacks is the database."""
        for round_ in range(1, 1_000_000):
            try:
                with within(Deadline(time.monotonic() + _handler_seconds)):
                    fresh = self._database.run(
                        self.durable, lambda tx: run_once(tx, self.durable, event, self._handler)
                    )
                if not fresh:
                    self._metrics.duplicates.labels(self.durable).inc()
                return
            except CodedError as error:
                if error.code not in ("DATABASE_UNAVAILABLE", "OVERLOADED") or self._stopping.is_set():
                    raise
                if round_ == 1:
                    _log.warn(
                        "database unavailable; holding the message until it is back",
                        consumer=self.durable,
                        messageId=event.id,
                    )
            self._stopping.wait(full_jitter(round_, 0.25, 5))
            self._js.working(message)

    def _end_failed(self, message: Message, message_id: str, error: Exception, attempt: int) -> None:
        if isinstance(error, CodedError) and error.code in ("DATABASE_UNAVAILABLE", "OVERLOADED"):
            # Only when this instance stops: another one, or this one after its restart, gets the message.
            self._js.nak(message)
            return
        hopeless = isinstance(error, CodedError) and not error.retryable
        if not hopeless and attempt < _max_attempts:
            delay = max(0.001, full_jitter(attempt, 1, 60))
            _log.warn(
                f"message failed; redelivering in {delay:.1f} s",
                err=error,
                consumer=self.durable,
                messageId=message_id,
                attempt=attempt,
                delayMs=round(delay * 1_000),
            )
            self._js.nak(message, delay)
            return
        if isinstance(error, CodedError) and error.code == "MESSAGE_ABANDONED":
            why = "given up before the server drops it"
        else:
            why = "a retry cannot help" if hopeless else f"failed {attempt} times"
        self._send_to_dead_letters(message, message_id, error, why)
        self._js.term(message)

    def _send_to_dead_letters(self, message: Message, message_id: str, error: Exception, why: str) -> None:
        """Stored before the message is terminated; its id makes a second attempt harmless."""
        delivery = delivery_of(message)
        code = error.code if isinstance(error, CodedError) else "INTERNAL"
        violations = (error.violations if isinstance(error, CodedError) else None) or []
        values = {
            "Causeway-Dlq-Consumer": self.durable,
            "Causeway-Dlq-Subject": message.subject,
            "Causeway-Dlq-Stream": delivery.stream,
            "Causeway-Dlq-Stream-Seq": str(delivery.sequence),
            "Causeway-Dlq-Message-Id": message_id,
            "Causeway-Dlq-Code": code,
            "Causeway-Dlq-Reason": f"{why}: {error}",
            "Causeway-Dlq-Violations": json.dumps(violations[:10]),
            "Causeway-Dlq-Attempts": str(delivery.attempt),
            "Causeway-Dlq-At": timestamp(),
        }
        # Those of NATS itself are instructions for one publish; the server would follow them again.
        kept = {name: value for name, value in message.headers.items() if not name.lower().startswith("nats-")}
        headers = {**kept, **{name: _header_value(value) for name, value in values.items()}}
        # As libs/messaging makes it, so that a redelivery to either implementation adds no second letter.
        short = sha256(message_id.encode()).hexdigest()[:16]
        letter = f"{self.durable}:{delivery.stream}:{delivery.sequence}:{short}"
        self._js.publish(f"dlq.{self.durable}", message.data, letter, "DLQ", headers)
        self._metrics.dead_letters.labels(self.durable, code).inc()
        _log.error(
            "message stored as a dead letter; it is not redelivered",
            consumer=self.durable,
            messageId=message_id,
            code=code,
            violations=violations,
            attempts=delivery.attempt,
            reason=str(error),
        )


def _header_value(text: str) -> str:
    """One line, at most 2 000 characters."""
    return re.sub(r"[\r\n\t]+", " ", text)[:_longest_header]
