"""Deadlines, cursors, ids, settings, traces: each rule where it is cheapest to see."""

import ast
import io
import json
import os
import re
import tempfile
import time
import unittest
from datetime import datetime, timezone
from pathlib import Path

from blog import logs
from blog.cursor import CursorCodec
from blog.deadline import Deadline, current_deadline, within
from blog.ids import is_uuid, timestamp, uuid7
from blog.problems import CODES, CodedError, not_found, problem_headers, problem_of
from blog.settings import load_settings
from blog.tracing import Tracer, parse_traceparent

_root = Path(__file__).resolve().parents[3]


class Deadlines(unittest.TestCase):
    def test_a_caller_shortens_the_time_and_never_prolongs_it(self) -> None:
        now = time.monotonic()
        self.assertEqual(Deadline.of_request("500", 3_000, now).at, now + 0.5)
        self.assertEqual(Deadline.of_request("60000", 3_000, now).at, now + 3)
        for header in (None, "", "-1", "abc", "1e3", "٣"):
            self.assertEqual(Deadline.of_request(header, 3_000, now).at, now + 3)

    def test_late_work_is_not_started(self) -> None:
        late = Deadline.of_request("0", 3_000, time.monotonic())
        with within(late), self.assertRaises(CodedError) as caught:
            assert current_deadline() is late
            late.check()
        self.assertEqual(caught.exception.code, "DEADLINE_EXCEEDED")
        self.assertIsNone(current_deadline())


class Cursors(unittest.TestCase):
    codec = CursorCodec("s" * 32, "posts")

    def test_a_cursor_comes_back(self) -> None:
        self.assertEqual(self.codec.decode(self.codec.encode(["2026", "a"]), 2), ["2026", "a"])

    def test_any_other_is_refused(self) -> None:
        good = self.codec.encode(["2026", "a"])
        other = CursorCodec("s" * 32, "comments").encode(["2026", "a"])
        foreign = CursorCodec("t" * 32, "posts").encode(["2026", "a"])
        for cursor in ("", "x", good[:-1] + ("A" if good[-1] != "A" else "B"), "A" + good[1:], other, foreign):
            with self.assertRaises(CodedError, msg=cursor) as caught:
                self.codec.decode(cursor, 2)
            self.assertEqual(caught.exception.code, "CURSOR_INVALID")
        with self.assertRaises(CodedError):
            self.codec.decode(good, 3)


class Ids(unittest.TestCase):
    def test_uuid7(self) -> None:
        before = time.time_ns() // 1_000_000
        made = uuid7()
        self.assertTrue(is_uuid(made))
        self.assertEqual((made[14], made[19] in "89ab"), ("7", True))
        self.assertTrue(before <= int(made.replace("-", "")[:12], 16) <= time.time_ns() // 1_000_000)

    def test_timestamps_are_utc_to_the_millisecond(self) -> None:
        self.assertEqual(timestamp(datetime(2026, 1, 2, 3, 4, 5, 6_789, timezone.utc)), "2026-01-02T03:04:05.006Z")


class SettingsOfTheProcess(unittest.TestCase):
    good = {
        "HTTP_PORT": "1",
        "MANAGEMENT_PORT": "2",
        "DATABASE_URL": "postgres://u:p@h/d",
        "NATS_URL": "nats://h:4222",
        "AUTH_ISSUER": "http://i",
        "AUTH_JWKS_URL": "http://i/jwks",
        "CURSOR_SECRET": "s" * 32,
    }

    def test_everything_that_is_wrong_is_named_and_no_value_is_shown(self) -> None:
        wrong = {**self.good, "HTTP_PORT": "8o8o", "CURSOR_SECRET": "short-secret", "NATS_CREATE_MISSING": "true"}
        del wrong["AUTH_ISSUER"]
        with self.assertRaises(CodedError) as caught:
            load_settings(wrong)
        for name in ("HTTP_PORT", "CURSOR_SECRET", "AUTH_ISSUER", "NATS_CREATE_MISSING"):
            self.assertIn(f"  {name}: ", str(caught.exception))
        for value in ("8o8o", "short-secret"):
            self.assertNotIn(value, str(caught.exception))

    def test_a_value_may_come_from_a_file(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "secret")
            Path(file).write_text("f" * 40 + "\n", encoding="utf-8")
            values = {**self.good, "CURSOR_SECRET": "", "CURSOR_SECRET_FILE": file}
            self.assertEqual(load_settings(values)["CURSOR_SECRET"], "f" * 40)
            with self.assertRaisesRegex(CodedError, "not both"):
                load_settings({**values, "CURSOR_SECRET": "s" * 32})
            with self.assertRaisesRegex(CodedError, "cannot be read"):
                load_settings({**values, "CURSOR_SECRET_FILE": file + "x"})

    def test_a_version_that_is_none_becomes_a_pre_release(self) -> None:
        self.assertEqual(load_settings({**self.good, "SERVICE_VERSION": "main_42"})["SERVICE_VERSION"], "0.0.0-main-42")


class Traces(unittest.TestCase):
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    def test_a_trace_continues_with_the_decision_of_the_caller(self) -> None:
        with Tracer().span("a", "server", self.parent) as span:
            self.assertEqual((span.trace_id, span.parent_id), (self.parent[3:35], "b7ad6b7169203331"))
            self.assertTrue(span.traceparent.endswith("-01"))
            with Tracer().span("b", "client") as inner:
                self.assertEqual((inner.trace_id, inner.parent_id), (span.trace_id, span.span_id))

    def test_what_is_no_trace_context_begins_a_new_one(self) -> None:
        for bad in (None, "", self.parent[:-1], self.parent.replace("00-", "ff-", 1), f"00-{'0' * 32}-{'1' * 16}-01"):
            self.assertIsNone(parse_traceparent(bad))
        self.assertIsNone(parse_traceparent(self.parent + "-more"))
        self.assertIsNotNone(parse_traceparent(self.parent.replace("00-", "01-", 1) + "-more"))


class Problems(unittest.TestCase):
    def test_the_codes_are_those_of_the_system(self) -> None:
        table = (_root / "libs/errors/src/codes.ts").read_text(encoding="utf-8")
        known = {
            code: (int(status), title)
            for code, status, title in re.findall(r"(\w+): \{ status: (\d+), title: '([^']+)' \}", table)
        }
        self.assertEqual({code: known.get(code) for code in CODES}, CODES)

    def test_an_unexpected_error_shows_nothing_but_the_trace(self) -> None:
        problem = problem_of(ValueError("password"), "abc")
        self.assertEqual((problem["status"], problem["code"], problem["traceId"]), (500, "INTERNAL", "abc"))
        self.assertNotIn("password", json.dumps(problem))
        self.assertEqual(problem_of(not_found("post 7"))["type"], "urn:causeway:problem:not-found")

    def test_callers_learn_whether_to_come_back(self) -> None:
        overload = problem_headers(CodedError("OVERLOADED", "m", "r", retry_after=1))
        self.assertEqual((overload["retry-after"], overload.get("causeway-no-retry")), ("1", None))
        self.assertEqual(overload["causeway-overloaded"], "1")
        self.assertEqual(problem_headers(CodedError("DEPENDENCY_UNAVAILABLE", "m", "r"))["causeway-no-retry"], "1")


class Logs(unittest.TestCase):
    def setUp(self) -> None:
        self.stream = io.StringIO()
        logs.start_logs("blog", "blog-1", "info", self.stream)
        self.addCleanup(logs.start_logs, "blog", "blog-1", "silent")

    def test_a_line_is_compact_json_with_the_trace(self) -> None:
        with Tracer().span("a", "server") as span:
            logs.Logger("http").info("request", ms=1.0, code=None)
        line = self.stream.getvalue()
        fields = json.loads(line)
        self.assertEqual((fields["trace_id"], fields["ms"], "code" in fields), (span.trace_id, 1, False))
        self.assertIn('"level":"info"', line)
        self.assertIn('"ms":1,', line)

    def test_quieter_lines_are_not_written(self) -> None:
        logs.Logger("http").debug("request")
        self.assertEqual(self.stream.getvalue(), "")

    def test_tokens_and_passwords_do_not_reach_a_line(self) -> None:
        secret = "Bearer abc.def postgres://blog:hunter2@h/d eyJhbGciOi.eyJzdWIi.c2ln"
        logs.Logger("http").error("failed", err=ValueError(secret))
        for part in ("abc.def", "hunter2", "eyJzdWIi"):
            self.assertNotIn(part, self.stream.getvalue())

    def test_half_a_surrogate_pair_is_written_as_an_escape(self) -> None:
        logs.Logger("http").info("x\ud83c")
        self.assertEqual(json.loads(self.stream.getvalue())["msg"], "x\ud83c")

    def test_every_field_is_in_the_schema_of_the_system(self) -> None:
        schema = (_root / "libs/telemetry/src/log-schema.ts").read_text(encoding="utf-8")
        known = set(re.findall(r"^  (\w+): ", schema, re.MULTILINE))
        used = set()
        for file in (Path(__file__).resolve().parents[1] / "blog").glob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call) and "_log." in ast.unparse(node.func):
                    used |= {keyword.arg for keyword in node.keywords if keyword.arg is not None}
        self.assertGreater(len(used), 15)
        self.assertEqual(used - known, set())
