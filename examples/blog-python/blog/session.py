"""What every session with PostgreSQL is told, whatever an administrator has set (libs/persistence/src/session.ts)."""

from __future__ import annotations

_pinned = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "search_path": "public",
    "default_transaction_isolation": "read committed",
    # No limits but our own: a migration may take any time.
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}


def session_options(**own: int) -> str:
    """The startup parameter ``options``, which outranks `ALTER ROLE … SET` and costs no round trip.

    :param own: settings of this connection, over the common ones: ``statement_timeout=10_000``, milliseconds.
    """
    values = {**_pinned, **{name: str(value) for name, value in own.items()}}
    return " ".join(f"-c {name}={_escaped(value)}" for name, value in values.items())


def _escaped(value: str) -> str:
    """Spaces separate arguments, and backslashes escape."""
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
