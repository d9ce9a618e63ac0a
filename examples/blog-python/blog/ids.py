"""Identifiers and times as the whole system writes them."""

from __future__ import annotations

import re
import secrets
import time
from datetime import datetime, timezone
from uuid import UUID

#: As zod's `z.uuid()`: versions 1 to 8, the RFC's variant, and the two special ones.
UUID_PATTERN = re.compile(
    r"([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
    r"|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)\Z"
)


def is_uuid(value: object) -> bool:
    return isinstance(value, str) and UUID_PATTERN.match(value) is not None


def uuid7() -> str:
    """A UUIDv7 (RFC 9562, 5.7): 48 bits of Unix milliseconds, the rest random. Python 3.11 has none."""
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    value = milliseconds << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    return str(UUID(int=value))


def timestamp(moment: datetime | None = None) -> str:
    """RFC 3339 in UTC, to the millisecond: ``2026-11-28T05:38:21.123Z``. Default: now."""
    at = (moment or datetime.now(timezone.utc)).astimezone(timezone.utc)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1_000:03d}Z"
