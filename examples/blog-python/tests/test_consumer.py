"""What becomes of a message: the broker and the database are played here, the rules are real."""

import json
import unittest
from typing import Any

from blog.consumer import Consumer, full_jitter
from blog.envelope import REGISTERED, build
from blog.metrics import Metrics
from blog.nats import Message
from blog.problems import CodedError, database_unavailable
from blog.tracing import Tracer


class Broker:
    """Records what is said about a delivery, in order."""

    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []

    def ack(self, _message: Message) -> None:
        self.said.append(("ack",))

    def nak(self, _message: Message, delay: float | None = None) -> None:
        self.said.append(("nak", delay is not None))

    def term(self, _message: Message) -> None:
        self.said.append(("term",))

    def working(self, _message: Message) -> None:
        self.said.append(("working",))

    def publish(self, subject: str, data: bytes, message_id: str, stream: str, headers: dict[str, str]) -> None:
        self.said.append(("dead letter", subject, stream, headers, data, message_id))


class Database:
    """Runs the work with an inbox in memory. ``failures`` are thrown first."""

    def __init__(self) -> None:
        self.inbox: set[tuple[object, ...]] = set()
        self.failures: list[Exception] = []

    def run(self, _name: str, work: Any) -> Any:
        if self.failures:
            raise self.failures.pop(0)
        return work(self)

    def execute(self, _sql: str, values: tuple[object, ...]) -> list[dict[str, object]]:
        if values in self.inbox:
            return []
        self.inbox.add(values)
        return [{"new": 1}]


class Outcomes(unittest.TestCase):
    def setUp(self) -> None:
        self.handled: list[dict[str, Any]] = []
        self.error: Exception | None = None
        self.database = Database()
        self.broker = Broker()
        metrics = Metrics()
        self.consumer = Consumer(
            None, self.database, Tracer(), metrics, "blog", "USER", REGISTERED, self.handle, 1  # type: ignore[arg-type]
        )
        self.consumer._js = self.broker  # type: ignore[assignment]

    def handle(self, _tx: Any, event: Any) -> None:
        if self.error is not None:
            raise self.error
        self.handled.append(event.data)

    def deliver(self, payload: object = None, attempt: int = 1, **data: Any) -> list[tuple[Any, ...]]:
        good = {"userId": "01a220c2-b925-7f67-ad2d-ad31d4ec6b94", "registeredAt": "2026-11-28T05:00:00.000Z"}
        document = build(REGISTERED, "x", {**good, **data}, "user") if payload is None else payload
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        headers = {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01", "Nats-Msg-Id": "x"}
        self.broker.said.clear()
        self.consumer.process(Message(REGISTERED, f"$JS.ACK.USER.d.{attempt}.7.1.1.0", body, headers))
        return self.broker.said

    def test_handled_then_acknowledged(self) -> None:
        self.assertEqual(self.deliver(), [("ack",)])
        self.assertEqual(len(self.handled), 1)

    def test_a_second_delivery_has_no_effect_and_is_acknowledged(self) -> None:
        document = build(REGISTERED, "x", {"userId": "01a220c2-b925-7f67-ad2d-ad31d4ec6b94", "registeredAt": "2026-11-28T05:00:00Z"}, "user")
        self.assertEqual([self.deliver(document), self.deliver(document)], [[("ack",)], [("ack",)]])
        self.assertEqual(len(self.handled), 1)

    def test_fields_that_are_not_known_are_ignored(self) -> None:
        self.assertEqual(self.deliver(later="field"), [("ack",)])

    def test_a_broken_message_is_a_dead_letter_before_it_is_terminated(self) -> None:
        letter, end = self.deliver(userId="7")
        self.assertEqual((letter[1], letter[2], end), ("dlq.blog__user-evt-registered-v1", "DLQ", ("term",)))
        headers = letter[3]
        self.assertEqual(headers["Causeway-Dlq-Code"], "MESSAGE_INVALID")
        self.assertEqual(json.loads(headers["Causeway-Dlq-Violations"])[0]["path"], "/data/userId")
        self.assertNotIn("Nats-Msg-Id", headers)
        self.assertIn("traceparent", headers)
        letter, end = self.deliver(b"{")
        self.assertEqual((letter[3]["Causeway-Dlq-Code"], letter[3]["Causeway-Dlq-Message-Id"]), ("MESSAGE_MALFORMED", "USER:7"))

    def test_a_failure_is_tried_again_and_after_eight_attempts_a_dead_letter(self) -> None:
        self.error = ValueError("a\nb" + "c" * 3_000)
        self.assertEqual(self.deliver(attempt=7), [("nak", True)])
        letter, end = self.deliver(attempt=8)
        self.assertEqual((letter[3]["Causeway-Dlq-Code"], end), ("INTERNAL", ("term",)))
        reason = letter[3]["Causeway-Dlq-Reason"]
        self.assertTrue(reason.startswith("failed 8 times: a b") and len(reason) == 2_000)

    def test_what_no_retry_can_help_is_a_dead_letter_at_once(self) -> None:
        self.error = CodedError("NOT_FOUND", "m", "r")
        self.assertEqual([each[0] for each in self.deliver()], ["dead letter", "term"])

    def test_while_the_database_is_away_the_message_is_held_and_no_attempt_counts(self) -> None:
        self.database.failures = [database_unavailable(), database_unavailable()]
        self.assertEqual(self.deliver(attempt=8), [("working",), ("working",), ("ack",)])

    def test_a_stopping_instance_hands_it_back(self) -> None:
        self.consumer._stopping.set()
        self.database.failures = [database_unavailable()]
        self.assertEqual(self.deliver(), [("nak", False)])

    def test_what_never_ended_is_not_run_again(self) -> None:
        letter, _ = self.deliver(attempt=13)
        self.assertEqual((letter[3]["Causeway-Dlq-Code"], self.handled), ("MESSAGE_ABANDONED", []))

    def test_pauses_grow_to_a_minute(self) -> None:
        self.assertTrue(all(0 <= full_jitter(attempt, 1, 60) <= min(60, 2 ** (attempt - 1)) for attempt in range(1, 20)))
