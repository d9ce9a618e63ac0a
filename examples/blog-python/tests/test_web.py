"""The HTTP interface without a server, a database or an issuer: what is refused before any work is begun."""

import io
import json
import unittest
from typing import Any

from blog.metrics import Metrics
from blog.posts import Stored
from blog.problems import CodedError
from blog.tokens import Principal
from blog.tracing import Tracer
from blog.web import PROFILE, Host, create_app

_id = "01a220c2-b925-7f67-ad2d-ad31d4ec6b94"


class Posts:
    """Notes what was asked of it."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def publish(self, *args: Any) -> Stored:
        self.calls.append(args)
        return Stored(201, {"etag": '"1"'}, {"id": _id}, replayed=True)

    def list(self, *args: Any) -> dict[str, Any]:
        self.calls.append(args)
        return {"items": [], "nextCursor": None}

    def find(self, *args: Any) -> dict[str, Any]:
        raise ValueError("a secret")


class Verifier:
    principal = Principal(_id, "c", frozenset({PROFILE}), 0)

    def authenticate(self, authorization: str | None) -> Principal:
        if authorization is None:
            raise CodedError("TOKEN_MISSING", "m", "r")
        return self.principal


class Web(unittest.TestCase):
    def setUp(self) -> None:
        self.posts = Posts()
        self.verifier = Verifier()
        self.host = Host()
        self.app = create_app(
            self.posts, self.verifier, Tracer(), Metrics(), self.host, 3_000, 1_000, 5  # type: ignore[arg-type]
        )

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], Any]:
        target, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": target,
            "QUERY_STRING": query,
            "causeway.target": path,
            "SERVER_NAME": "x",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "x",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            **({"CONTENT_TYPE": "application/json"} if body else {}),
            **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
        }
        answer: dict[str, Any] = {}

        def start(status: str, given: list[tuple[str, str]], exc_info: object = None) -> None:
            answer.update(status=int(status[:3]), headers={name.lower(): value for name, value in given})

        text = b"".join(self.app(environ, start))
        return answer["status"], answer["headers"], json.loads(text) if text else None

    def code_of(self, *args: Any, **headers: str) -> tuple[int, str]:
        status, _, body = self.send(*args, **headers)
        return status, body["code"]

    good = json.dumps({"title": "t", "text": "x"}).encode()

    def test_a_request_is_passed_on_checked(self) -> None:
        status, headers, body = self.send("POST", "/v1/posts", self.good, authorization="a", idempotency_key="k")
        self.assertEqual((status, body, self.posts.calls), (201, {"id": _id}, [(_id, "k", {"title": "t", "text": "x"})]))
        self.assertEqual((headers["etag"], headers["idempotency-replayed"]), ('"1"', "true"))
        self.assertEqual((headers["cache-control"], headers["x-content-type-options"]), ("no-store", "nosniff"))

    def test_work_whose_deadline_has_passed_is_not_begun(self) -> None:
        self.assertEqual(self.code_of("GET", "/v1/posts", causeway_deadline_ms="0"), (504, "DEADLINE_EXCEEDED"))
        self.assertEqual(self.posts.calls, [])

    def test_a_full_queue_is_overload_and_not_a_failure(self) -> None:
        self.host.waiting = lambda: 6
        status, headers, _ = self.send("GET", "/v1/posts")
        self.assertEqual((status, headers["causeway-overloaded"], headers["retry-after"]), (503, "1", "1"))
        self.assertEqual(self.posts.calls, [])

    def test_the_order_of_refusals(self) -> None:
        send = self.code_of
        self.assertEqual(send("PUT", "/v1/posts", b"{"), (405, "METHOD_NOT_ALLOWED"))
        self.assertEqual(send("POST", "/v1/nothing", b"{"), (404, "NOT_FOUND"))
        self.assertEqual(send("POST", "/v1/posts", b"{"), (401, "TOKEN_MISSING"))
        self.assertEqual(send("POST", "/v1/posts", b"{", authorization="a"), (400, "MALFORMED_REQUEST"))
        self.assertEqual(send("POST", "/v1/posts", b"{}", authorization="a"), (400, "IDEMPOTENCY_KEY_REQUIRED"))
        self.assertEqual(
            send("POST", "/v1/posts", b"{}", authorization="a", idempotency_key="k"), (422, "VALIDATION_FAILED")
        )
        self.assertEqual(send("POST", "/v1/posts", b"x" * 1_001, authorization="a"), (413, "BODY_TOO_LARGE"))
        self.assertEqual(self.posts.calls, [])

    def test_a_machine_has_no_profile(self) -> None:
        self.verifier.principal = Principal("client", "client", frozenset({PROFILE}), 0)
        request = ("POST", "/v1/posts", self.good)
        self.assertEqual(self.code_of(*request, authorization="a", idempotency_key="k"), (403, "SCOPE_MISSING"))

    def test_405_names_the_methods(self) -> None:
        _, headers, _ = self.send("PATCH", f"/v1/posts/{_id}")
        self.assertEqual(headers["allow"], "DELETE, GET, HEAD")

    def test_an_unexpected_error_shows_only_the_trace(self) -> None:
        trace = "0af7651916cd43dd8448eb211c80319c"
        status, headers, body = self.send("GET", f"/v1/posts/{_id}", traceparent=f"00-{trace}-b7ad6b7169203331-01")
        self.assertEqual((status, body["code"], body["traceId"], headers["x-trace-id"]), (500, "INTERNAL", trace, trace))
        self.assertNotIn("secret", json.dumps(body))
        self.assertEqual(self.host.in_flight, 0)

    def test_head_has_no_body(self) -> None:
        status, _, body = self.send("HEAD", "/v1/posts")
        self.assertEqual((status, body), (200, None))
