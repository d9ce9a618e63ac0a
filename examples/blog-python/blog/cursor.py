"""Opaque, signed cursors of keyset pages. Clients can read them, but cannot change them."""

from __future__ import annotations

import base64
import hmac
import json
import re
from hashlib import sha256

from .problems import CodedError

_form = re.compile(r"([\w-]+)\.([\w-]{22})\Z", re.ASCII)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class CursorCodec:
    """:param secret: at least 32 characters. :param purpose: the list; each refuses the cursors of another."""

    def __init__(self, secret: str, purpose: str) -> None:
        self._key = hmac.digest(secret.encode(), f"cursor\0{purpose}".encode(), "sha256")

    def encode(self, values: list[str]) -> str:
        payload = json.dumps(values, separators=(",", ":")).encode()
        return f"{_encode(payload)}.{_encode(self._sign(payload))}"

    def decode(self, cursor: str, arity: int) -> list[str]:
        """:raises CodedError: CURSOR_INVALID for one that was forged, changed, or is of another list."""
        match = _form.match(cursor)
        try:
            if match is None:
                raise ValueError("not a cursor")
            payload = _decode(match.group(1))
            if not hmac.compare_digest(self._sign(payload), _decode(match.group(2))):
                raise ValueError("not ours")
            values = json.loads(payload)
            if len(values) != arity:
                raise ValueError("another list's")
            return [str(value) for value in values]
        except ValueError as error:
            raise CodedError(
                "CURSOR_INVALID",
                "the page cursor is not valid",
                "Send nextCursor of the previous page unchanged, with the same list and filters, "
                "or start again without a cursor.",
            ) from error

    def _sign(self, payload: bytes) -> bytes:
        return hmac.new(self._key, payload, sha256).digest()[:16]
