"""JSON lines in the schema of libs/telemetry/src/log-schema.ts, which a test compares with what this writes."""

from __future__ import annotations

import json
import re
import sys
import threading
import traceback
from typing import IO

from .ids import timestamp
from .tracing import current_span

LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
_bearer = re.compile(r"(?i)\bbearer +[\w.~+/=-]+|\beyJ[\w-]+\.[\w-]+\.[\w-]*|(?<=://)[^\s/:@]+:[^\s/@]+(?=@)")


class _Writer:
    """The process's one writer. Silent until :func:`start_logs`."""

    def __init__(self) -> None:
        self.level = len(LEVELS)
        self.identity: dict[str, str] = {}
        self.stream: IO[str] = sys.stdout
        self.lock = threading.Lock()


_writer = _Writer()


def start_logs(service: str, instance: str, level: str, stream: IO[str] | None = None) -> None:
    """:param level: one of :data:`LEVELS` or ``silent``. :param stream: default standard output."""
    _writer.identity = {"service": service, "instance": instance}
    _writer.stream = stream or sys.stdout
    set_level(level)


def set_level(level: str) -> None:
    _writer.level = LEVELS.index(level) if level in LEVELS else len(LEVELS)


def current_level() -> str:
    return LEVELS[_writer.level] if _writer.level < len(LEVELS) else "silent"


def describe_error(error: BaseException, depth: int = 0) -> dict[str, object]:
    """What the schema keeps of an error: class, message, stack, code, cause."""
    described: dict[str, object] = {"type": type(error).__name__, "message": str(error)}
    if depth == 0:
        described["stack"] = "".join(traceback.format_exception(error))
    code = getattr(error, "code", None) or getattr(error, "sqlstate", None)
    if isinstance(code, str):
        described["code"] = code
    if error.__cause__ is not None and depth < 8:
        described["cause"] = describe_error(error.__cause__, depth + 1)
    return described


def _plain(value: object) -> object:
    """A whole number without a fraction, as every other service writes it: ``1``, not ``1.0``."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Logger:
    """:param scope: the part of the service: ``http``, ``messaging``."""

    def __init__(self, scope: str) -> None:
        self._scope = scope

    def trace(self, message: str, **fields: object) -> None:
        self._write(0, message, fields)

    def debug(self, message: str, **fields: object) -> None:
        self._write(1, message, fields)

    def info(self, message: str, **fields: object) -> None:
        self._write(2, message, fields)

    def warn(self, message: str, **fields: object) -> None:
        self._write(3, message, fields)

    def error(self, message: str, **fields: object) -> None:
        self._write(4, message, fields)

    def fatal(self, message: str, **fields: object) -> None:
        self._write(5, message, fields)

    def _write(self, level: int, message: str, fields: dict[str, object]) -> None:
        if level < _writer.level:
            return
        line: dict[str, object] = {"level": LEVELS[level], "time": timestamp(), **_writer.identity}
        span = current_span()
        if span is not None:
            line.update(trace_id=span.trace_id, span_id=span.span_id)
        line["scope"] = self._scope
        for name, value in fields.items():
            if value is not None:
                line[name] = describe_error(value) if isinstance(value, BaseException) else _plain(value)
        line["msg"] = message
        # Tokens and passwords in URLs reach a line only by accident, in the message of an error.
        text = _bearer.sub("[redacted]", json.dumps(line, ensure_ascii=False, separators=(",", ":")))
        # Half of a surrogate pair has no UTF-8; its escape is JSON.
        text = text.encode("utf-8", "backslashreplace").decode()
        with _writer.lock:
            try:
                _writer.stream.write(text + "\n")
                _writer.stream.flush()
            except (OSError, ValueError):
                pass  # nobody reads standard output any more: the service works without a log
