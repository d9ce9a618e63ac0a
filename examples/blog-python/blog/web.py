"""The HTTP interface: Flask routes, and around them what every answer of the system has."""

from __future__ import annotations

import json
import threading
import time
from typing import Any, Callable

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from .deadline import HEADER, Deadline, within
from .discovery import Statistics
from .ids import is_uuid
from .logs import Logger
from .metrics import Metrics
from .posts import Posts, Stored, etag
from .problems import CodedError, overloaded, problem_headers, problem_of, refusal_of
from .requests import (
    COMMENT_BODY,
    POST_BODY,
    check_head,
    check_id,
    check_idempotency_key,
    check_if_match,
    check_media_type,
    check_page,
    checked,
    parse_json,
)
from .tokens import Principal, TokenVerifier, scope_missing
from .tracing import Tracer

_log = Logger("http")
PROFILE = "profile:manage"

#: OWASP REST Security Cheat Sheet; the same as libs/service-host sets.
SECURITY_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Host:
    """What the process knows about itself while it serves."""

    def __init__(self) -> None:
        self.started = False
        self.stopping = False
        self._in_flight = 0
        self._lock = threading.Lock()
        self.statistics = Statistics()
        #: Requests that wait for a thread; the server sets it.
        self.waiting: Callable[[], int] = lambda: 0

    @property
    def in_flight(self) -> int:
        """Requests that are being served."""
        return self._in_flight

    def request_began(self) -> None:
        with self._lock:
            self._in_flight += 1

    def request_ended(self) -> None:
        with self._lock:
            self._in_flight -= 1


def create_app(
    posts: Posts,
    verifier: TokenVerifier,
    tracer: Tracer,
    metrics: Metrics,
    host: Host,
    deadline_ms: int,
    body_limit: int,
    queue_limit: int,
) -> Any:
    """:returns: a WSGI application.

    :param deadline_ms: default and upper limit of a request's deadline. :param body_limit: bytes.
    :param queue_limit: waiting requests beyond which new ones get 503 OVERLOADED.
    """
    flask = Flask("blog", static_folder=None)
    # The system sends 404 for a path with another slash; it redirects nobody.
    flask.url_map.strict_slashes = True
    flask.url_map.merge_slashes = False
    flask.url_map.redirect_defaults = False

    def route(method: str, path: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
        return flask.route(path, methods=[method], provide_automatic_options=False)

    def person() -> Principal:
        """Authors are people, identified by the UUID of their account; a machine has no profile."""
        principal = verifier.authenticate(request.headers.get("authorization"))
        principal.require(PROFILE)
        if not is_uuid(principal.subject):
            raise scope_missing(PROFILE)
        return principal

    @route("POST", "/v1/posts")
    def publish_post() -> Response:
        author, body = person().subject, _body()
        key = check_idempotency_key(request.headers.get("idempotency-key"))
        return _stored(posts.publish(author, key, checked(body, POST_BODY)))

    @route("GET", "/v1/posts")
    def list_posts() -> Response:
        return _json(200, posts.list(*check_page(_query())))

    @route("GET", "/v1/posts/<post_id>")
    def get_post(post_id: str) -> Response:
        post = posts.find(check_id("postId", post_id))
        return _json(200, post, {"etag": etag(post["version"])})

    @route("DELETE", "/v1/posts/<post_id>")
    def remove_post(post_id: str) -> Response:
        author = person().subject
        _body()
        versions_of = check_id("postId", post_id)
        posts.remove(author, versions_of, check_if_match(request.headers.get("if-match")))
        return Response(status=204)

    @route("POST", "/v1/posts/<post_id>/comments")
    def add_comment(post_id: str) -> Response:
        author, body = person().subject, _body()
        key = check_idempotency_key(request.headers.get("idempotency-key"))
        identified = check_id("postId", post_id)
        return _stored(posts.add_comment(author, identified, key, checked(body, COMMENT_BODY)))

    @route("GET", "/v1/posts/<post_id>/comments")
    def list_comments(post_id: str) -> Response:
        return _json(200, posts.comments_of(check_id("postId", post_id), *check_page(_query())))

    @flask.before_request
    def refuse_early() -> None:
        """By request line and headers alone, and before a route is asked: what is late or too much is not started."""
        check_head(request.environ)
        g.deadline.check("the deadline had passed before the work was started")
        if host.waiting() > queue_limit:
            raise overloaded()
        if request.routing_exception is None and len(_data()) > body_limit:
            raise CodedError(
                "BODY_TOO_LARGE",
                f"The body is larger than {body_limit} bytes.",
                "Send a smaller body, or several requests.",
            )

    @flask.errorhandler(Exception)
    def answer_problem(error: Exception) -> Response:
        headers = {}
        known: Exception = error
        if isinstance(error, HTTPException):
            # Its text may quote the request.
            status = error.code if error.code is not None and 400 <= error.code < 500 else 400
            known = refusal_of(status)
            if isinstance(error, MethodNotAllowed):
                headers["allow"] = ", ".join(sorted(error.valid_methods or ()))
        g.code = known.code if isinstance(known, CodedError) else "INTERNAL"
        if not isinstance(known, CodedError):
            _log.error("unexpected error", err=error, method=request.method, route=_route())
        else:
            _log.debug("request refused", err=known, code=known.code, method=request.method, route=_route())
        document = problem_of(known, g.span.trace_id)
        return Response(
            json.dumps(document, ensure_ascii=False), document["status"], {**problem_headers(known), **headers}  # type: ignore[arg-type]
        )

    @flask.after_request
    def finish(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["x-trace-id"] = g.span.trace_id
        g.status = response.status_code
        return response

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        """Deadline, span, log line and measurements of one request, around Flask."""
        received = float(environ.get("causeway.received_at", time.monotonic()))
        method = str(environ["REQUEST_METHOD"])
        deadline = Deadline.of_request(environ.get("HTTP_CAUSEWAY_DEADLINE_MS"), deadline_ms, received)
        attributes: dict[str, object] = {
            "http.request.method": method,
            "url.scheme": "http",
            "url.path": environ.get("PATH_INFO", ""),
        }
        host.request_began()
        metrics.active.labels(method).inc()
        with tracer.span(method, "server", environ.get("HTTP_TRACEPARENT"), attributes) as span, within(deadline):
            with flask.request_context(environ):
                g.span, g.deadline, g.code, g.status = span, deadline, None, 500
                try:
                    response = flask.full_dispatch_request()
                except Exception as error:  # noqa: BLE001 - nothing may escape without an answer
                    response = finish(answer_problem(error))
                status, code, pattern = response.status_code, g.code, _route()
                result = response(environ, start_response)
            seconds = time.monotonic() - received
            failed = (code or str(status)) if status >= 500 else None
            if pattern is not None:
                span.name = f"{method} {pattern}"
                span.attributes["http.route"] = pattern
            span.attributes["http.response.status_code"] = status
            span.error = failed
            metrics.active.labels(method).dec()
            metrics.requests.labels(method, str(status), "http", pattern or "", failed or "").observe(seconds)
            if code == "DEADLINE_EXCEEDED":
                metrics.expired.labels(method, pattern or "").inc()
            host.statistics.record(seconds, failed)
            host.request_ended()
            (_log.warn if status >= 500 else _log.info)(
                "request",
                method=method,
                route=pattern,
                path=None if pattern is not None else str(environ.get("PATH_INFO", ""))[:200],
                status=status,
                ms=round(seconds * 1_000, 1),
                code=code,
            )
        return result

    return application


def _route() -> str | None:
    """``/v1/posts/:postId``, as the other services log it; None when no route matched."""
    rule = request.url_rule
    return None if rule is None else rule.rule.replace("<post_id>", ":postId")


def _data() -> bytes:
    return request.get_data(cache=True)


def _query() -> str:
    return str(request.environ.get("QUERY_STRING", ""))


def _body() -> object:
    """The JSON of the request; None for an empty one."""
    data = _data()
    if data or request.headers.get("content-type"):
        check_media_type(request.headers.get("content-type"), request.headers.get("content-encoding"))
    return parse_json(data)


def _json(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, status, {"content-type": "application/json; charset=utf-8", **(headers or {})})


def _stored(stored: Stored) -> Response:
    replayed = {"idempotency-replayed": "true"} if stored.replayed else {}
    return _json(stored.status, stored.body, {**stored.headers, **replayed})
