"""Health, metrics and governance on a port of their own, which answers while the service is still starting."""

from __future__ import annotations

import hmac
import json
import re
import resource
import threading
import time
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable

from . import logs, metrics as metrics_module
from .contract import contract_hash
from .ids import timestamp
from .metrics import Metrics
from .problems import CodedError, malformed, problem_headers, problem_of, refusal_of, validation_failed
from .requests import parse_json, pointer
from .settings import Settings
from .web import Host

_log = logs.Logger("management")
_body_limit = 1_024
Check = Callable[[], None]


class Readiness:
    """:ivar parts: name, how to check it, and whether the instance needs it. Liveness never looks at them."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.parts: list[tuple[str, Check, bool]] = []

    def report(self) -> dict[str, Any]:
        parts = {name: self._check(check, required) for name, check, required in self.parts}
        if self._host.stopping:
            status = "stopping"
        elif not self._host.started:
            status = "starting"
        else:
            ready = all(part["ok"] or not part["required"] for part in parts.values())
            status = "ready" if ready else "unavailable"
        return {"status": status, "parts": parts}

    def _check(self, check: Check, required: bool) -> dict[str, Any]:
        began = time.monotonic()
        detail = None
        try:
            check()
        except CodedError as error:
            detail = error.message
        except Exception:  # noqa: BLE001 - a driver's message may name hosts and users
            detail = "not available"
        part: dict[str, Any] = {"ok": detail is None, "required": required, "ms": round((time.monotonic() - began) * 1_000)}
        return part if detail is None else {**part, "detail": detail}


class LogLevelSwitch:
    """Changes the log level of the running process, for a while or until it restarts."""

    def __init__(self) -> None:
        self._configured: str | None = None
        self._timer: threading.Timer | None = None
        self._until: str | None = None

    @property
    def state(self) -> dict[str, str]:
        return {"logLevel": logs.current_level(), **({"logLevelUntil": self._until} if self._until else {})}

    def set(self, document: object) -> dict[str, str]:
        """:param document: ``{"level", "who", "forSeconds"?}``. :raises CodedError: VALIDATION_FAILED."""
        level, who, seconds = _checked_change(document)
        # Before a change that would hide it, and at a level that shows on either side.
        _log.warn(
            "log level changed by an operator",
            audit="log-level-changed",
            who=who,
            **{"from": logs.current_level()},
            to=level,
            forSeconds=seconds,
        )
        self.stop()
        self._configured = self._configured or logs.current_level()
        logs.set_level(level)
        if seconds is not None:
            self._timer = threading.Timer(seconds, self._restore)
            self._timer.daemon = True
            self._timer.start()
            self._until = timestamp(datetime.now(timezone.utc) + timedelta(seconds=seconds))
        return self.state

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._until = None

    def _restore(self) -> None:
        self._timer = self._until = None
        logs.set_level(self._configured or "info")
        _log.warn("log level is that of the settings again", to=self._configured)


def _checked_change(document: object) -> tuple[str, str, int | None]:
    if not isinstance(document, dict):
        raise validation_failed([{"path": "", "message": "expected an object"}])
    level, who, seconds = document.get("level"), document.get("who"), document.get("forSeconds")
    found = [
        {"path": pointer(str(name)), "message": "unknown field"}
        for name in document
        if name not in ("level", "who", "forSeconds")
    ]
    if level not in logs.LEVELS:
        found.append({"path": "/level", "message": f"expected one of {', '.join(logs.LEVELS)}"})
    if not isinstance(who, str) or not re.match(r"[^\x00-\x1f\x7f-\x9f]{1,128}\Z", who):
        found.append({"path": "/who", "message": "expected 1 to 128 characters"})
    if seconds is not None and (type(seconds) is not int or not 1 <= seconds <= 86_400):
        found.append({"path": "/forSeconds", "message": "expected an integer from 1 to 86400"})
    if found:
        raise validation_failed(found)
    return str(level), str(who), seconds


class ManagementServer:
    """:param identity: service, version, commit, instance: in every answer about health."""

    def __init__(
        self, settings: Settings, identity: dict[str, str], host: Host, readiness: Readiness, metrics: Metrics
    ) -> None:
        levels = LogLevelSwitch()
        began = time.monotonic()

        class Handler(_Handler):
            def live(self) -> None:
                self.send_json(200, {"status": "live", **identity})

            def ready(self) -> None:
                report = readiness.report()
                self.send_json(200 if report["status"] == "ready" else 503, {**report, **identity})

            def metrics_text(self) -> None:
                if "prometheus" not in settings["OTEL_METRICS_EXPORTER"]:  # type: ignore[operator]
                    raise refusal_of(404)
                self.send_bytes(200, metrics.text(), metrics_module.CONTENT_TYPE)

            def governance(self) -> None:
                reader, operator = settings.optional("MANAGEMENT_TOKEN"), settings.optional("OPERATOR_TOKEN")
                if reader is not None and not self.holds(reader) and not (operator and self.holds(operator)):
                    raise _unauthorized()
                memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024
                self.send_json(
                    200,
                    {
                        **identity,
                        "uptimeSeconds": round(time.monotonic() - began),
                        "contracts": contract_hash(),
                        "requestsInFlight": host.in_flight,
                        **levels.state,
                        "memory": {"rssBytes": memory},
                        # This service calls no other over HTTP, so it has no policies for calls.
                        "policies": [],
                        "admissions": [],
                    },
                )

            def log_level(self) -> None:
                operator = settings.optional("OPERATOR_TOKEN")
                if operator is None or not self.holds(operator):
                    raise _unauthorized()
                self.send_json(200, levels.set(parse_json(self.body())))

        address = settings.optional("MANAGEMENT_HOST") or settings.text("HTTP_HOST")
        self._server = _Server((address, settings.number("MANAGEMENT_PORT")), Handler)
        self.port = int(self._server.server_address[1])
        self._levels = levels
        threading.Thread(target=self._server.serve_forever, name="management", daemon=True).start()

    def close(self) -> None:
        self._levels.stop()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A handler that waits for a slow client must not hold up the stop.
    block_on_close = False


def _unauthorized() -> CodedError:
    return CodedError(
        "TOKEN_MISSING",
        "The request has no valid access token.",
        "Send a valid access token as Authorization: Bearer.",
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 15
    server_version = ""
    sys_version = ""

    live: Callable[..., None]
    ready: Callable[..., None]
    metrics_text: Callable[..., None]
    governance: Callable[..., None]
    log_level: Callable[..., None]

    def handle_any(self) -> None:
        path = self.path.split("?", 1)[0]
        try:
            if path == "/governance/log-level":
                if self.command != "PUT":
                    return self.refuse(refusal_of(405), {"allow": "PUT"})
                return self.log_level()
            if self.command not in ("GET", "HEAD"):
                return self.refuse(refusal_of(405), {"allow": "GET, HEAD"})
            known = {
                "/health/live": self.live,
                "/health/ready": self.ready,
                "/metrics": self.metrics_text,
                "/governance": self.governance,
            }
            if path not in known:
                raise refusal_of(404)
            known[path]()
        except CodedError as error:
            self.refuse(error)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_any

    def body(self) -> bytes:
        length = self.headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit():
            raise malformed("Content-Length is not a number.")
        if int(length) > _body_limit:
            self.close_connection = True
            raise refusal_of(413)
        return self.rfile.read(int(length))

    def holds(self, token: str) -> bool:
        given = self.headers.get("authorization", "")
        return hmac.compare_digest(given.encode("utf-8", "replace"), f"Bearer {token}".encode())

    def refuse(self, error: CodedError, headers: dict[str, str] | None = None) -> None:
        # A body that nobody reads would be taken for the next request.
        self.close_connection = self.close_connection or self.command not in ("GET", "HEAD")
        body = json.dumps(problem_of(error)).encode()
        self.send_bytes(error.status, body, "application/problem+json", {**problem_headers(error), **(headers or {})})

    def send_json(self, status: int, document: object) -> None:
        self.send_bytes(status, json.dumps(document).encode(), "application/json")

    def send_bytes(self, status: int, body: bytes, content_type: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {
            **(headers or {}),
            "content-type": content_type,
            "content-length": str(len(body)),
            "cache-control": "no-store",
            **({"connection": "close"} if self.close_connection else {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """For what the standard library itself refuses: an unknown method, a line that is too long."""
        self.close_connection = True
        self.command = self.command or "GET"
        self.requestline = getattr(self, "requestline", "")
        self.request_version = getattr(self, "request_version", "HTTP/1.1") or "HTTP/1.1"
        self.refuse(refusal_of(code if code in (400, 408, 414, 431, 501) else 400))

    def version_string(self) -> str:
        return "causeway"

    def log_message(self, format: str, *args: object) -> None:
        """Probes would fill the log."""
