"""What every session with PostgreSQL is told, whatever an administrator has set (libs/persistence/src/session.ts)."""

from __future__ import annotations

import atexit
import os
import re
import tempfile

from psycopg.conninfo import make_conninfo

from .problems import CodedError
from .settings import Settings

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


def conninfo(settings: Settings, url: str = "DATABASE_URL") -> str:
    """How to reach the database. With ``DATABASE_CA`` the server must encrypt and prove the host of its URL, whatever
    the URL itself says about TLS.

    :param url: name of the setting that holds the URL.
    """
    ca = settings.optional("DATABASE_CA")
    if ca is None:
        return settings.text(url)
    return make_conninfo(settings.text(url), sslmode="verify-full", sslrootcert=_file_of(ca))


def mistrust_of(error: Exception) -> CodedError | None:
    """The error to end with when the server is not to be trusted, which waiting will not change; libpq has texts for it
    and no codes.
    """
    found = re.search(r"[^:\n]*(?:certificate|does not support SSL|no encryption)[^\n]*", str(error))
    if found is None:
        return None
    return CodedError(
        "DATABASE_UNTRUSTED",
        f"the connection to the database cannot be trusted: {found[0].strip()}",
        "Let DATABASE_CA_FILE name the certificate of the authority that signed the server’s, and DATABASE_URL a host "
        "that is in that certificate. Without TLS on the server, leave DATABASE_CA_FILE away.",
    )


def _file_of(certificates: str) -> str:
    """libpq takes certificates from a file only. It is removed when the process ends."""
    with tempfile.NamedTemporaryFile("w", suffix=".crt", delete=False) as file:
        file.write(certificates)
    atexit.register(os.unlink, file.name)
    return file.name


def session_options(**own: int) -> str:
    """The startup parameter ``options``, which outranks `ALTER ROLE … SET` and costs no round trip.

    :param own: settings of this connection, over the common ones: ``statement_timeout=10_000``, milliseconds.
    """
    values = {**_pinned, **{name: str(value) for name, value in own.items()}}
    return " ".join(f"-c {name}={_escaped(value)}" for name, value in values.items())


def _escaped(value: str) -> str:
    """Spaces separate arguments, and backslashes escape."""
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
