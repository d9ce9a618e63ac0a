"""The moment after which an answer is of no use. It travels as remaining milliseconds: clocks never agree."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Iterator

from .problems import deadline_exceeded

HEADER = "causeway-deadline-ms"
_number = re.compile(r"\d{1,15}(\.\d{1,6})?\Z", re.ASCII)


class Deadline:
    """:param at: seconds of :func:`time.monotonic`."""

    def __init__(self, at: float) -> None:
        self.at = at

    @classmethod
    def of_request(cls, header: str | None, limit_ms: int, received_at: float) -> Deadline:
        """A caller can shorten the time, never prolong it; a header that is no number is not looked at.

        :param limit_ms: default and upper limit, milliseconds.
        :param received_at: seconds of the monotonic clock; the wait for a thread counts.
        """
        asked = float(header) if header is not None and _number.match(header) else limit_ms
        return cls(received_at + min(asked, limit_ms) / 1_000)

    def remaining_ms(self) -> float:
        return max(0.0, (self.at - time.monotonic()) * 1_000)

    @property
    def expired(self) -> bool:
        return time.monotonic() >= self.at

    def check(self, message: str = "the deadline has passed") -> None:
        """Raises DEADLINE_EXCEEDED once it is over: work that nobody waits for is not started."""
        if self.expired:
            raise deadline_exceeded(message)


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def current_deadline() -> Deadline | None:
    return _current.get()


@contextmanager
def within(deadline: Deadline | None) -> Iterator[None]:
    token = _current.set(deadline)
    try:
        yield
    finally:
        _current.reset(token)
