"""Spans that continue the trace of a request or message, exported by OTLP/HTTP as JSON.

Debian has no OpenTelemetry SDK for Python. What is here is W3C Trace Context and a batch exporter; where PyPI can be
reached, `opentelemetry-sdk` replaces this file.
"""

from __future__ import annotations

import json
import queue
import random
import re
import secrets
import threading
import time
import urllib.request
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Iterator

KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
_traceparent = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?\Z")
_max_queue = 8_192
_timeout_seconds = 5


@dataclass
class Span:
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str | None
    sampled: bool
    started: int
    attributes: dict[str, object] = field(default_factory=dict)
    error: str | None = None

    @property
    def traceparent(self) -> str:
        """W3C Trace Context, level 1."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


@dataclass(frozen=True)
class _Remote:
    trace_id: str
    span_id: str
    sampled: bool


def parse_traceparent(value: str | None) -> _Remote | None:
    match = _traceparent.match((value or "").strip())
    if match is None or match[1] == "ff" or set(match[2]) == {"0"} or set(match[3]) == {"0"}:
        return None
    # Version 00 has exactly four fields; a later one may have more.
    if match[1] == "00" and match[5] is not None:
        return None
    return _Remote(match[2], match[3], int(match[4], 16) & 1 == 1)


_active: ContextVar[Span | None] = ContextVar("span", default=None)


def current_span() -> Span | None:
    return _active.get()


class Tracer:
    """:param endpoint: base URL of an OTLP/HTTP receiver; without one spans have ids and are not exported.
    :param ratio: share of new traces that is recorded; one that began elsewhere keeps its decision.
    :param delay: seconds between two exports.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        ratio: float = 0.0,
        delay: float = 0.5,
        resource: dict[str, str] | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._ratio = ratio if endpoint is not None else 0.0
        self._delay = delay
        self._resource = resource or {}
        self._finished: queue.Queue[tuple[Span, int]] = queue.Queue(_max_queue)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        if endpoint is not None:
            self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
            self._thread.start()

    @contextmanager
    def span(
        self, name: str, kind: str, traceparent: str | None = None, attributes: dict[str, object] | None = None
    ) -> Iterator[Span]:
        """The parent is the given trace context, else the active span. An exception marks the span as failed."""
        parent: _Remote | Span | None = parse_traceparent(traceparent) or _active.get()
        sampled = parent.sampled if parent else random.random() < self._ratio
        span = Span(
            name=name,
            kind=kind,
            trace_id=parent.trace_id if parent else secrets.token_hex(16),
            span_id=secrets.token_hex(8),
            parent_id=parent.span_id if parent else None,
            sampled=sampled,
            started=time.time_ns(),
            attributes=dict(attributes or {}),
        )
        token = _active.set(span)
        try:
            yield span
        except BaseException as error:
            span.error = span.error or str(getattr(error, "code", type(error).__name__))
            raise
        finally:
            _active.reset(token)
            self._end(span)

    def stop(self) -> None:
        """Exports what is finished by now."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_timeout_seconds + 1)

    def _end(self, span: Span) -> None:
        if self._endpoint is None or not span.sampled:
            return
        try:
            self._finished.put_nowait((span, time.time_ns()))
        except queue.Full:
            pass  # the receiver is away: the newest spans are lost, as with the batch processor of the SDK

    def _run(self) -> None:
        while not self._stopping.wait(self._delay):
            self._export()
        self._export()

    def _export(self) -> None:
        batch = []
        while len(batch) < 512:
            try:
                batch.append(_otlp(*self._finished.get_nowait()))
            except queue.Empty:
                break
        if not batch:
            return
        resource = {"attributes": _attributes(dict(self._resource))}
        body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "blog"}, "spans": batch}]}]}
        request = urllib.request.Request(
            f"{self._endpoint}/v1/traces",
            data=json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        try:
            urllib.request.urlopen(request, timeout=_timeout_seconds).close()
        except OSError:
            pass  # telemetry never gets in the way of work


def _attributes(values: dict[str, object]) -> list[dict[str, object]]:
    def value_of(value: object) -> dict[str, object]:
        if isinstance(value, bool):
            return {"boolValue": value}
        if isinstance(value, int):
            return {"intValue": str(value)}
        if isinstance(value, float):
            return {"doubleValue": value}
        return {"stringValue": str(value)}

    return [{"key": key, "value": value_of(value)} for key, value in values.items()]


def _otlp(span: Span, ended: int) -> dict[str, object]:
    attributes = {**span.attributes, **({"error.type": span.error} if span.error else {})}
    return {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        **({"parentSpanId": span.parent_id} if span.parent_id else {}),
        "name": span.name,
        "kind": KINDS[span.kind],
        "startTimeUnixNano": str(span.started),
        "endTimeUnixNano": str(ended),
        "attributes": _attributes(attributes),
        "status": {"code": 2} if span.error else {},
    }
