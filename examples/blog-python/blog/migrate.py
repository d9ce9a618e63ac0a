"""Applies SQL migrations, recorded as libs/persistence records them, so that the launcher's runner and this one agree.

The tables of outbox, inbox and idempotency keys are the SQL of libs/messaging and libs/persistence, unchanged: SQL is
as much a contract between services as JSON is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import psycopg

from .logs import Logger
from .problems import CodedError
from .session import mistrust_of, session_options

_log = Logger("migrate")
#: The advisory lock that Prisma's runner and the TypeScript one take.
_lock = 72_707_369
_example = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Migration:
    set: str
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return sha256(self.sql.encode()).hexdigest()


def folders() -> list[tuple[str, Path]]:
    """Set name and folder, in order. An image has the libraries' SQL beside the code, a repository in its libraries."""
    copied = _example / "sql"
    root = copied if copied.is_dir() else _example.parent.parent / "libs"
    return [
        ("persistence", root / "persistence" / "migrations"),
        ("messaging", root / "messaging" / "migrations"),
        ("blog-python", _example / "migrations"),
    ]


def declared() -> list[Migration]:
    found = []
    for set_name, folder in folders():
        if not folder.is_dir():
            raise CodedError(
                "MIGRATION_FAILED",
                f"the migrations of {set_name} are missing",
                f"Expected them in {folder}; the Dockerfile copies them.",
            )
        for each in sorted(folder.glob("*/migration.sql"), key=lambda file: file.parent.name):
            found.append(Migration(set_name, each.parent.name, each.read_text(encoding="utf-8")))
    return found


def pending(connection: psycopg.Connection[dict[str, object]]) -> list[Migration]:
    """What this database does not have yet. :raises CodedError: MIGRATION_CHANGED."""
    row = connection.execute("SELECT to_regclass('causeway.migrations') IS NOT NULL AS exists").fetchone()
    recorded: dict[tuple[object, object], object] = {}
    if row is not None and row["exists"]:
        rows = connection.execute("SELECT set_name, name, checksum FROM causeway.migrations WHERE applied_at IS NOT NULL")
        recorded = {(each["set_name"], each["name"]): each["checksum"] for each in rows}
    missing = []
    for migration in declared():
        checksum = recorded.get((migration.set, migration.name))
        if checksum is None:
            missing.append(migration)
        elif checksum != migration.checksum:
            raise CodedError(
                "MIGRATION_CHANGED",
                f"{migration.set}/{migration.name} was edited after it had been applied",
                "Restore the file, and write a new migration for the change.",
            )
    return missing


def connect(url: str, timeout_ms: int) -> psycopg.Connection[dict[str, object]]:
    try:
        return psycopg.connect(
            url,
            autocommit=True,
            row_factory=psycopg.rows.dict_row,
            connect_timeout=max(2, round(timeout_ms / 1_000)),
            options=session_options(),
        )
    except psycopg.OperationalError as error:
        raise mistrust_of(error) or error from error


def migrate(url: str, timeout_ms: int) -> int:
    """Applies what is missing, each migration in a transaction with its record. :returns: how many."""
    with connect(url, timeout_ms) as connection:
        # Polled: a session that waits inside pg_advisory_lock holds a snapshot.
        while not _first(connection, f"SELECT pg_try_advisory_lock({_lock}) AS value"):
            time.sleep(1)
        if not _first(connection, "SELECT count(*) > 0 AS value FROM pg_namespace WHERE nspname = 'causeway'"):
            connection.execute("CREATE SCHEMA causeway")
        connection.execute(
            """CREATE TABLE IF NOT EXISTS causeway.migrations (
                 set_name   text        NOT NULL,
                 name       text        NOT NULL,
                 checksum   text        NOT NULL,
                 started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                 applied_at timestamptz,
                 PRIMARY KEY (set_name, name)
               )"""
        )
        missing = pending(connection)
        for migration in missing:
            _apply(connection, migration)
        return len(missing)


def _apply(connection: psycopg.Connection[dict[str, object]], migration: Migration) -> None:
    name = f"{migration.set}/{migration.name}"
    try:
        with connection.transaction():
            connection.execute("SET LOCAL lock_timeout = '3s'")
            connection.execute(migration.sql.encode())
            connection.execute(
                "INSERT INTO causeway.migrations (set_name, name, checksum, applied_at) "
                "VALUES (%s, %s, %s, clock_timestamp())",
                (migration.set, migration.name, migration.checksum),
            )
    except psycopg.Error as error:
        raise CodedError(
            "MIGRATION_FAILED", f"{name} failed: {error}", "Nothing of it was applied. Correct it and run migrate again."
        ) from error
    _log.info(f"applied {name}")


def _first(connection: psycopg.Connection[dict[str, object]], sql: str) -> object:
    row = connection.execute(sql.encode()).fetchone()
    return row["value"] if row is not None else None


def run_migrations(url: str, timeout_ms: int, wait_seconds: float = 120) -> None:
    """The command `migrate`. Waits for a database that is not available yet, as on a first start."""
    until = time.monotonic() + wait_seconds
    while True:
        try:
            count = migrate(url, timeout_ms)
            _log.info("the database is up to date" if count == 0 else f"{count} migrations applied")
            return
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            _log.warn("waiting for the database. Check DATABASE_URL and that PostgreSQL is running")
            time.sleep(2)


def wait_for_schema(url: str, timeout_ms: int, stopped: "object | None" = None) -> None:
    """Returns once the database has every migration; more are fine. Nothing is applied here.

    :param stopped: an Event that ends the wait.
    """
    warned_at = float("-inf")
    while not (stopped is not None and stopped.is_set()):  # type: ignore[attr-defined]
        try:
            with connect(url, timeout_ms) as connection:
                missing = pending(connection)
            if not missing:
                return
            reason = f"{len(missing)} migrations are pending"
        except psycopg.OperationalError:
            reason = "the database cannot be reached (DATABASE_URL)"
        if time.monotonic() - warned_at > 5:
            _log.warn("waiting for the database schema", reason=reason)
            warned_at = time.monotonic()
        time.sleep(0.25)
